package endpoint

import (
	"net/http"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire/query"
	"github.com/hakonegate/hakone/sigv4"
)

// ec2Protocol is the query protocol with EC2's answers and its names for
// refusals.
type ec2Protocol struct{ queryProtocol }

func (ec2Protocol) contentType() string  { return "text/xml;charset=UTF-8" }
func (ec2Protocol) accessDenied() string { return "UnauthorizedOperation" }

func (p ec2Protocol) encode(c *call) (int, []byte, error) {
	body, err := query.EncodeEC2(c.operation.Name, p.namespace, c.id, c.output)
	return http.StatusOK, body, err
}

func (p ec2Protocol) writeError(c *call, e *awserr.Error) {
	c.write(e.HTTPStatus(), p.contentType(), query.EncodeEC2Error(c.id, e))
}

func (ec2Protocol) signatureError(e *sigv4.Error) *awserr.Error {
	return signatureError(e, signatureCodes{
		missing: "MissingAuthenticationToken", incomplete: "IncompleteSignature", mismatch: "SignatureDoesNotMatch",
		invalid: "AuthFailure", expired: "RequestExpired",
	})
}
