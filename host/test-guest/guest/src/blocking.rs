//! An import that only a test build of funcserver's host has. Without the feature `block`, the act is a bad
//! instruction.

#[cfg(not(feature = "block"))]
pub use absent::block;
#[cfg(feature = "block")]
pub use present::block;

#[cfg(feature = "block")]
mod present {
    use std::time::Duration;

    /// Blocks the host's thread for this time.
    pub fn block(time: Duration) -> Result<(), String> {
        bindings::funcserver::test::block::block(u64::try_from(time.as_millis()).unwrap_or(u64::MAX));
        Ok(())
    }

    mod bindings {
        wit_bindgen::generate!({
            inline: "
                package funcserver:test;
                interface block {
                    block: func(milliseconds: u64);
                }
                world blocking {
                    import block;
                }
            ",
            world: "funcserver:test/blocking",
        });
    }
}

#[cfg(not(feature = "block"))]
mod absent {
    use std::time::Duration;

    pub fn block(_time: Duration) -> Result<(), String> {
        Err("block needs the feature block".to_owned())
    }
}
