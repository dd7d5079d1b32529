package policy

// Size limits of policy documents, in characters without whitespace unless
// said otherwise. IAM answers LimitExceeded when one is passed.
const (
	MaxManagedSize      = 6144
	MaxUserInlineSize   = 2048  // all inline policies of a user together
	MaxGroupInlineSize  = 5120  // all inline policies of a group together
	MaxRoleInlineSize   = 10240 // all inline policies of a role together
	MaxTrustSize        = 2048
	MaxSessionSize      = 2048
	MaxSessionARNs      = 10
	MaxOrganizationSize = 5120  // SCP, RCP
	MaxFunctionBytes    = 20480 // a Lambda function's policy, in bytes
	MaxRestAPIBytes     = 8192  // a REST API's policy, in bytes
	maxDocumentBytes    = 256 << 10
)

// Size counts the characters of a document as IAM does for its limits: without
// whitespace.
func Size(text string) int {
	n := 0
	for _, c := range text {
		switch c {
		case ' ', '\t', '\n', '\r':
		default:
			n++
		}
	}
	return n
}
