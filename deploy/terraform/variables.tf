variable "name" {
  description = "Name of the function, and of everything around it."
  type        = string
  default     = "funcserver"

  validation {
    condition     = can(regex("^[A-Za-z0-9]([A-Za-z0-9-]{0,30}[A-Za-z0-9])?$", var.name)) && !startswith(var.name, "internal-")
    error_message = "A load balancer's name has at most 32 letters, digits and hyphens, no hyphen at either end, and does not begin with \"internal-\"."
  }
}

variable "region" {
  description = "AWS region. Without it: AWS_REGION, or the profile's."
  type        = string
  default     = null
}

# The function

variable "zip" {
  description = "What `funcserver bundle` wrote. Without it: function.zip two folders above this one."
  type        = string
  default     = null
}

variable "live_version" {
  description = "The version of the function that answers, to go back to an earlier one. Without it: the newest."
  type        = string
  default     = null

  validation {
    condition     = var.live_version == null || can(regex("^[1-9][0-9]*$", var.live_version))
    error_message = "A version is a number: aws lambda list-versions-by-function --function-name NAME lists them."
  }
}

variable "architecture" {
  description = "The one that the zip was bundled for (`funcserver bundle --arch`)."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "Lambda has x86_64 and arm64."
  }
}

variable "memory_size" {
  description = "Memory in MB; Lambda gives CPU time in proportion to it."
  type        = number
  default     = 512

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240
    error_message = "Lambda allows 128 to 10240 MB."
  }
}

variable "timeout" {
  description = "Seconds that one invocation may take."
  type        = number
  default     = 10

  validation {
    condition     = var.timeout >= 1 && var.timeout <= 900
    error_message = "Lambda allows 1 to 900 seconds."
  }
}

variable "environment" {
  description = "The function's environment: FUNCSERVER_... settings that override funcserver.toml."
  type        = map(string)
  default     = {}
}

variable "handler_environment" {
  description = "The handler's own variables (guest.env). Everyone who may read the function's configuration sees them: secrets are for passwords."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(var.handler_environment) == 0 || !contains(keys(var.environment), "FUNCSERVER_GUEST_ENV")
    error_message = "Set handler_environment or FUNCSERVER_GUEST_ENV, not both."
  }
}

variable "secrets" {
  description = "The handler's variables whose values are in Secrets Manager or Parameter Store (guest.secrets): { DB_PASSWORD = \"secretsmanager:prod/db#password\" }. The function's role may read them."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for place in values(var.secrets) : can(regex("^(secretsmanager|ssm):[^#]+(#.+)?$", place))])
    error_message = "A secret is secretsmanager:NAME, secretsmanager:NAME#FIELD, ssm:NAME or ssm:NAME#FIELD."
  }

  validation {
    condition     = length(var.secrets) == 0 || !contains(keys(var.environment), "FUNCSERVER_GUEST_SECRETS")
    error_message = "Set secrets or FUNCSERVER_GUEST_SECRETS, not both."
  }
}

variable "policy" {
  description = "What else the function may do in AWS, as a policy in JSON: for network.sign-aws, or for the key of a secret (kms:Decrypt)."
  type        = string
  default     = null
}

variable "log_level" {
  description = "The least important level that is logged."
  type        = string
  default     = "INFO"

  validation {
    condition     = contains(["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"], var.log_level)
    error_message = "Lambda has TRACE, DEBUG, INFO, WARN, ERROR and FATAL."
  }
}

variable "log_retention_days" {
  description = "Days that log lines are kept. CloudWatch allows certain numbers only: 1, 3, 5, 7, 14, 30, 60, 90 and some above."
  type        = number
  default     = 14
}

# The front end

variable "front" {
  description = "What stands before the function: alb, url, http-api or rest-api."
  type        = string
  default     = "alb"

  validation {
    condition     = contains(["alb", "url", "http-api", "rest-api"], var.front)
    error_message = "The fronts are alb, url, http-api and rest-api."
  }
}

variable "stream" {
  description = "Whether answers are streamed (url and rest-api). It sets the front end and the function's response.stream."
  type        = bool
  default     = false

  validation {
    condition     = !var.stream || contains(["url", "rest-api"], var.front)
    error_message = "Only url and rest-api stream."
  }

  validation {
    condition     = !contains(keys(var.environment), "FUNCSERVER_RESPONSE_STREAM")
    error_message = "Set stream, and not FUNCSERVER_RESPONSE_STREAM: the front end must be in the same mode."
  }
}

variable "url_authorization" {
  description = "Who may use the URL: everyone (NONE), or callers in AWS whose policies allow it (AWS_IAM)."
  type        = string
  default     = "NONE"

  validation {
    condition     = contains(["NONE", "AWS_IAM"], var.url_authorization)
    error_message = "A function URL has NONE and AWS_IAM."
  }
}

variable "stage" {
  description = "The stage of a REST API."
  type        = string
  default     = "live"

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]+$", var.stage))
    error_message = "A stage has letters, digits, - and _."
  }
}

# The load balancer

variable "listener" {
  description = "A listener of a load balancer that exists already, and the requests that the function gets of it: those with one of these paths and one of these host names. Rules with lower priorities come first."
  type = object({
    arn      = string
    priority = number
    paths    = optional(list(string), ["/*"])
    hosts    = optional(list(string), [])
  })
  default = null

  validation {
    condition     = var.listener == null || (var.front == "alb" && var.certificate_arn == null && length(var.subnet_ids) == 0)
    error_message = "A listener belongs to front = \"alb\", and has its load balancer's subnets and certificates already: leave out subnet_ids and certificate_arn."
  }
}

variable "multi_value_headers" {
  description = "Whether repeated headers and query keys reach the function, and several cookies the client, in their own fields."
  type        = bool
  default     = false
}

variable "health_check" {
  description = "Off unless enabled: every check, from each of the load balancer's zones, invokes the function. Times in seconds."
  type = object({
    enabled             = optional(bool, false)
    path                = optional(string, "/")
    matcher             = optional(string, "200")
    interval            = optional(number, 35)
    timeout             = optional(number, 30)
    healthy_threshold   = optional(number, 5)
    unhealthy_threshold = optional(number, 2)
  })
  default = {}

  validation {
    condition     = !var.health_check.enabled || var.health_check.interval > max(var.health_check.timeout, var.timeout)
    error_message = "A health check's interval must be longer than its own timeout and the function's."
  }
}

variable "certificate_arn" {
  description = "Certificate (ACM, same region) for HTTPS on port 443, where port 80 leads then. Without it: HTTP on port 80."
  type        = string
  default     = null
}

variable "allowed_cidrs" {
  description = "IPv4 ranges that may connect."
  type        = set(string)
  default     = ["0.0.0.0/0"]
}

variable "subnet_ids" {
  description = "Public subnets for the load balancer, in two zones or more. Without them: two of the default VPC's."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.subnet_ids) != 1
    error_message = "A load balancer needs subnets in at least two availability zones."
  }
}
