package endpoint

import (
	"context"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/wire"
	"github.com/hakonegate/hakone/internal/wire/awsjson"
	"github.com/hakonegate/hakone/internal/wire/query"
	"github.com/hakonegate/hakone/sigv4"
)

// locate finds the service: the credential scope says it, else X-Amz-Target,
// else an operation that needs no signature.
func (c *call) locate(context.Context) error {
	c.protocol = queryProtocol{}
	if c.r.Header.Get("X-Amz-Target") != "" || strings.HasPrefix(c.r.Header.Get("Content-Type"), "application/x-amz-json") {
		c.protocol = jsonProtocol{}
	}
	var err error
	if c.signed, err = sigv4.NewRequest(c.r); err != nil {
		return err
	}
	claim, err := sigv4.Claimed(c.signed) //nolint:contextcheck // it reads headers only
	if err != nil {
		return c.locateUnsigned(err)
	}
	s, ok := c.services[claim.Scope.Service]
	if !ok {
		return awserr.New(c.protocol.unknownOperation(), http.StatusNotFound,
			"hakone does not serve %q; it serves %s", claim.Scope.Service, strings.Join(slices.Sorted(maps.Keys(c.services)), ", "))
	}
	c.use(s)
	return nil
}

func (c *call) use(s *service) {
	c.service = s
	switch s.Protocol {
	case wire.JSON11:
		c.protocol = jsonProtocol{}
	case wire.RESTJSON1:
		c.protocol = restProtocol{s}
	case wire.RESTXML:
		c.protocol = xmlProtocol{s}
	case wire.EC2Query:
		c.protocol = ec2Protocol{queryProtocol{namespace: s.Namespace, strict: s.Strict}}
	default:
		c.protocol = queryProtocol{namespace: s.Namespace, strict: s.Strict}
	}
}

// locateUnsigned finds the service by the operation, so that the refusal has the
// right shape; missing is what the signature's absence is called.
func (c *call) locateUnsigned(missing error) error {
	if target, _, ok := strings.Cut(c.r.Header.Get("X-Amz-Target"), "."); ok {
		for _, s := range c.services {
			if s.Target == target {
				c.use(s)
				return nil
			}
		}
		return missing
	}
	if c.locateByPath() || c.locateBucket() {
		return nil
	}
	if err := c.readBody(http.MaxBytesReader(c.w, c.r.Body, maxUnsigned)); err != nil {
		return err
	}
	action := c.form().Get("Action")
	for _, name := range slices.Sorted(maps.Keys(c.services)) {
		if o, ok := c.services[name].operations[action]; ok && o.Access == wire.Unsigned {
			c.use(c.services[name])
			return nil
		}
	}
	return missing
}

// maxUnsigned is how much is read of a body that nobody has signed.
const maxUnsigned = 64 << 10

// unsignedOperation returns the operation asked for, if it needs no signature.
func (c *call) unsignedOperation() (wire.Operation, bool) {
	if c.service == nil {
		return wire.Operation{}, false
	}
	o, ok := c.service.operations[c.protocol.operation(c)]
	return o, ok && o.Access == wire.Unsigned
}

// find looks the operation up in the service's table.
func (c *call) find(context.Context) error {
	if c.service.xml != nil {
		if err := c.aim(); err != nil {
			return err
		}
	}
	name := c.protocol.operation(c)
	o, ok := c.service.operations[name]
	switch {
	case name == "":
		return awserr.New("MissingAction", http.StatusBadRequest, "The request must contain the parameter Action.")
	case !ok:
		return awserr.New(c.protocol.unknownOperation(), http.StatusBadRequest, "hakone does not offer the operation %s of %s", name, c.service.Name)
	}
	c.operation = o
	return nil
}

func (c *call) decode(context.Context) error {
	c.input = c.operation.NewInput()
	return c.protocol.decode(c)
}

// form returns the parameters of a query request, of the body and of the URL.
func (c *call) form() url.Values {
	form, err := url.ParseQuery(string(c.body))
	if err != nil || c.r.Method == http.MethodGet {
		form = url.Values{}
	}
	for k, v := range c.r.URL.Query() {
		if _, ok := form[k]; !ok && !strings.HasPrefix(k, "X-Amz-") {
			form[k] = v
		}
	}
	return form
}

// A protocol reads and writes what one kind of service speaks.
type protocol interface {
	operation(c *call) string
	decode(c *call) error
	encode(c *call) (status int, body []byte, err error)
	contentType() string
	writeError(c *call, e *awserr.Error)
	accessDenied() string
	unknownOperation() string
	signatureError(e *sigv4.Error) *awserr.Error
}

type queryProtocol struct {
	namespace string
	strict    bool
}

func (queryProtocol) operation(c *call) string { return c.form().Get("Action") }
func (queryProtocol) contentType() string      { return "text/xml" }
func (queryProtocol) accessDenied() string     { return "AccessDenied" }
func (queryProtocol) unknownOperation() string { return "InvalidAction" }
func (p queryProtocol) decode(c *call) error {
	form := c.form()
	if p.strict {
		if name := query.Unknown(form, c.input); name != "" {
			return awserr.Validation("hakone does not support the parameter %s of %s", name, c.operation.Name)
		}
	}
	return query.Decode(form, c.input)
}

func (p queryProtocol) encode(c *call) (int, []byte, error) {
	body, err := query.Encode(c.operation.Name, p.namespace, c.id, c.output)
	return http.StatusOK, body, err
}

func (p queryProtocol) writeError(c *call, e *awserr.Error) {
	c.write(e.HTTPStatus(), p.contentType(), query.EncodeError(p.namespace, c.id, e))
}

type jsonProtocol struct{}

func (jsonProtocol) operation(c *call) string {
	target := c.r.Header.Get("X-Amz-Target")
	prefix, name, ok := strings.Cut(target, ".")
	if !ok || c.service.Target != "" && prefix != c.service.Target {
		return target
	}
	return name
}

func (jsonProtocol) decode(c *call) error     { return awsjson.Decode(c.body, c.input) }
func (jsonProtocol) contentType() string      { return awsjson.ContentType }
func (jsonProtocol) accessDenied() string     { return "AccessDeniedException" }
func (jsonProtocol) unknownOperation() string { return "UnknownOperationException" }
func (jsonProtocol) encode(c *call) (int, []byte, error) {
	body, err := awsjson.Encode(c.output)
	return http.StatusOK, body, err
}

func (p jsonProtocol) writeError(c *call, e *awserr.Error) {
	c.w.Header().Set("X-Amzn-Errortype", e.Code)
	c.write(e.HTTPStatus(), p.contentType(), awsjson.EncodeError(e))
}
