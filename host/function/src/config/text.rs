//! Forms of a text: names and ARNs of AWS.

/// The form of a text, and how an error and the documentation name it.
#[derive(Debug)]
pub(super) struct Text {
    /// What it is, with an example.
    pub(super) allowed: &'static str,
    form: Form,
}

#[derive(Debug)]
enum Form {
    /// Anything but nothing.
    Any,
    /// As many bytes of a class as allowed.
    Name { class: Class, shortest: usize, longest: usize },
    /// The name of something of a service: `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
    Arn { service: &'static str, regional: bool, resource: &'static str },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Letters, digits, `-` and `_`.
    Name,
    /// The same, but not only digits.
    NoNumber,
    /// Lower-case letters, digits and `-`.
    Lower,
    /// The same, and dots.
    LowerOrDot,
}

pub(super) static ANY: Text = Text { allowed: "a text", form: Form::Any };

/// Lambda's API reference, `CreateFunction`, `FunctionName`.
pub(super) static FUNCTION_NAME: Text = Text {
    allowed: "1 to 64 letters, digits, - and _",
    form: Form::Name { class: Class::Name, shortest: 1, longest: 64 },
};

/// Lambda's API reference, `CreateAlias`, `Name`.
pub(super) static ALIAS: Text = Text {
    allowed: "1 to 128 letters, digits, - and _, and not only digits",
    form: Form::Name { class: Class::NoNumber, shortest: 1, longest: 128 },
};

pub(super) static REGION: Text = Text {
    allowed: "a region such as \"eu-west-1\"",
    form: Form::Name { class: Class::Lower, shortest: 1, longest: 32 },
};

/// S3's user guide, "General purpose bucket naming rules".
pub(super) static BUCKET: Text = Text {
    allowed: "the name of a bucket: 3 to 63 lower-case letters, digits, - and .",
    form: Form::Name { class: Class::LowerOrDot, shortest: 3, longest: 63 },
};

pub(super) static ROLE: Text = Text {
    allowed: "an ARN such as \"arn:aws:iam::111122223333:role/shop\"",
    form: Form::Arn { service: "iam", regional: false, resource: "role/" },
};

pub(super) static TARGET_GROUP: Text = Text {
    allowed: "an ARN such as \"arn:aws:elasticloadbalancing:eu-west-1:111122223333:targetgroup/shop/0123456789abcdef\"",
    form: Form::Arn { service: "elasticloadbalancing", regional: true, resource: "targetgroup/" },
};

impl Class {
    fn has(self, byte: u8) -> bool {
        match self {
            Class::Name | Class::NoNumber => byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'),
            Class::Lower => byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-',
            Class::LowerOrDot => Class::Lower.has(byte) || byte == b'.',
        }
    }

    /// As a regular expression.
    fn pattern(self) -> &'static str {
        match self {
            Class::Name | Class::NoNumber => "[A-Za-z0-9_-]",
            Class::Lower => "[a-z0-9-]",
            Class::LowerOrDot => "[a-z0-9.-]",
        }
    }
}

impl Text {
    /// Whether a text has this form.
    pub(super) fn fits(&self, text: &str) -> bool {
        match self.form {
            Form::Any => !text.trim().is_empty(),
            Form::Name { class, shortest, longest } => {
                let number = class == Class::NoNumber && text.bytes().all(|byte| byte.is_ascii_digit());
                (shortest..=longest).contains(&text.len()) && text.bytes().all(|byte| class.has(byte)) && !number
            }
            Form::Arn { service, regional, resource } => {
                let mut parts = text.splitn(6, ':');
                let mut part = || parts.next().unwrap_or_default();
                let lower = |text: &str| text.bytes().all(|byte| Class::Lower.has(byte));
                let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
                part() == "arn"
                    && Some(part()).is_some_and(|partition| partition.starts_with("aws") && lower(partition))
                    && part() == service
                    && Some(part()).is_some_and(|region| lower(region) && region.is_empty() != regional)
                    && Some(part()).is_some_and(|account| account.len() == 12 && digits(account))
                    && part().strip_prefix(resource).is_some_and(|name| !name.trim().is_empty())
            }
        }
    }

    /// The form as a regular expression (ECMA-262, for JSON Schema).
    pub(super) fn pattern(&self) -> String {
        match self.form {
            Form::Any => r"\S".to_owned(),
            // Not every validator can look ahead, as it would take to check the length too.
            Form::Name { class: Class::NoNumber, .. } => "^[A-Za-z0-9_-]*[A-Za-z_-][A-Za-z0-9_-]*$".to_owned(),
            Form::Name { class, shortest, longest } => format!("^{}{{{shortest},{longest}}}$", class.pattern()),
            Form::Arn { service, regional, resource } => {
                let region = if regional { "[a-z0-9-]+" } else { "" };
                format!(r"^arn:aws[a-z0-9-]*:{service}:{region}:[0-9]{{12}}:{resource}.*\S")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_their_characters_and_lengths() {
        for (text, good, bad) in [
            (&FUNCTION_NAME, ["a", "Shop_1-b"], ["", "a.b"]),
            (&ALIAS, ["live", "v1"], ["12", "a b"]),
            (&REGION, ["eu-west-1", "us-gov-east-1"], ["", "EU"]),
            (&BUCKET, ["a-b", "my.bucket.1"], ["ab", "My-bucket"]),
            (&ANY, ["x", "any thing"], ["", " "]),
        ] {
            assert!(good.iter().all(|good| text.fits(good)), "{text:?}");
            assert!(!bad.iter().any(|bad| text.fits(bad)), "{text:?}");
        }
        assert!(FUNCTION_NAME.fits(&"a".repeat(64)) && !FUNCTION_NAME.fits(&"a".repeat(65)));
    }

    #[test]
    fn arns_are_of_their_service() {
        let role = "arn:aws:iam::111122223333:role/team/shop";
        let group = "arn:aws-cn:elasticloadbalancing:cn-north-1:111122223333:targetgroup/shop/1234";
        assert!(ROLE.fits(role) && TARGET_GROUP.fits(group));
        for other in [group, "shop", "", "arn:aws:iam::1:role/shop", "arn:aws:iam::111122223333:role/", "arn:aws:iam"] {
            assert!(!ROLE.fits(other), "{other}");
        }
        assert!(!TARGET_GROUP.fits(role) && !TARGET_GROUP.fits(&group.replace("cn-north-1", "")));
    }
}
