package sigv4

// What AWS says, as seen in answers of API Gateway and documented for the
// query services.
const (
	messageMissing         = "Missing Authentication Token"
	messageIncomplete      = "The request signature does not conform to AWS standards."
	messageNoDate          = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header."
	messageBadDate         = "Date must be in ISO-8601 'basic format'."
	messageBadExpires      = "X-Amz-Expires must be a number of seconds between 1 and 604800."
	messageHost            = "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization."
	messageUnknownKey      = "The security token included in the request is invalid."
	messageExpiredToken    = "The security token included in the request is expired"
	messageHeadersTooLarge = "Request Header Fields Too Large"
	messageBodyTooLarge    = "Request Entity Too Large"
	messageBusy            = "Too Many Requests"
	messageMismatch        = "The request signature we calculated does not match the signature you provided. " +
		"Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)
