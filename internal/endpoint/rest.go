package endpoint

import (
	"maps"
	"net/http"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire/restjson"
	"github.com/hakonegate/hakone/sigv4"
)

// restProtocol is restJson1: method and path say what is asked.
type restProtocol struct{ service *service }

// operation returns the operation's name, or the method and path that lead to
// none.
func (p restProtocol) operation(c *call) string {
	name, labels, ok := p.service.router.Find(c.r.Method, c.signed.Path)
	if !ok {
		return c.r.Method + " " + c.signed.Path
	}
	c.labels = labels
	return name
}

func (restProtocol) decode(c *call) error {
	r := restjson.Request{Labels: c.labels, Query: c.r.URL.Query(), Header: c.r.Header, Body: c.body}
	return r.Decode(c.input)
}

func (p restProtocol) encode(c *call) (int, []byte, error) {
	a, err := restjson.Encode(c.output, p.service.LowerCamel)
	if err != nil {
		return 0, nil, err
	}
	maps.Copy(c.w.Header(), a.Header)
	if a.Status == 0 {
		a.Status = c.operation.Status
	}
	if a.Stream != nil {
		c.stream, c.live = a.Stream, true
	}
	if a.Status == http.StatusNoContent {
		a.Body = nil
	}
	return a.Status, a.Body, nil
}

func (restProtocol) contentType() string      { return restjson.ContentType }
func (restProtocol) accessDenied() string     { return "AccessDeniedException" }
func (restProtocol) unknownOperation() string { return "UnknownOperationException" }

func (restProtocol) signatureError(e *sigv4.Error) *awserr.Error {
	return jsonProtocol{}.signatureError(e)
}

func (p restProtocol) writeError(c *call, e *awserr.Error) {
	c.w.Header().Set("X-Amzn-Errortype", e.Code)
	c.write(e.HTTPStatus(), p.contentType(), restjson.EncodeError(e, p.service.Refusal))
}

// locateByPath finds the service of an unsigned request, so that the refusal
// has the right shape.
func (c *call) locateByPath() bool {
	for _, s := range c.services {
		if s.router == nil {
			continue
		}
		if _, _, ok := s.router.Find(c.r.Method, c.signed.Path); ok {
			c.use(s)
			return true
		}
	}
	return false
}
