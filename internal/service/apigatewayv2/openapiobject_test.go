package apigatewayv2

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/hakonegate/hakone/internal/stack"
)

// objects are texts by bucket, key and version.
type objects map[string]string

func (o objects) Read(_ context.Context, bucket, key, versionID string, limit int64) ([]byte, error) {
	text, ok := o[bucket+"/"+key+"/"+versionID]
	if !ok || int64(len(text)) > limit {
		return nil, errors.New("no such key")
	}
	return []byte(text), nil
}

func TestBodyIsReadFromAnObject(t *testing.T) {
	s := newService(t)
	body := document30("paths: {/found: {get: {}}}")
	s.config.Objects = objects{"b/api.yaml/": body, "b/api.yaml/v2": document30("paths: {/second: {get: {}}}"), "b/broken/": "a: [", "b/swagger/": "swagger: '2.0'"}
	h := stack.Collect(s.Types())["AWS::ApiGatewayV2::Api"].Handler
	request := func(id, properties string) *stack.Request {
		return &stack.Request{PhysicalID: id, Properties: parse(t, "p: "+properties).Get("p")}
	}
	made := must[stack.Result](t)(h.Create(t.Context(), request("", "{Name: mine, BodyS3Location: {Bucket: b, Key: api.yaml, Etag: '\""+etag([]byte(body))+"\"'}}")))
	key := func() string { return must[[]Route](t)(s.GetRoutes(made.PhysicalID))[0].RouteKey }
	if a := must[*API](t)(s.GetApi(made.PhysicalID)); a.Name != "mine" || key() != "GET /found" {
		t.Errorf("got %+v, %s", a, key())
	}
	must[stack.Result](t)(h.Update(t.Context(), request(made.PhysicalID, "{BodyS3Location: {Bucket: b, Key: api.yaml, Version: v2}, BasePath: prepend}"), nil))
	if key() != "GET /second" {
		t.Errorf("after an update: %s", key())
	}
	for name, tt := range map[string]struct{ properties, want string }{
		"no key":          {"{BodyS3Location: {Bucket: b}}", "needs Bucket and Key"},
		"no object":       {"{BodyS3Location: {Bucket: b, Key: none}}", "s3://b/none: no such key"},
		"another Etag":    {"{BodyS3Location: {Bucket: b, Key: api.yaml, Etag: abc}}", "the Etag is"},
		"no document":     {"{BodyS3Location: {Bucket: b, Key: broken}}", "unable to parse"},
		"another version": {"{BodyS3Location: {Bucket: b, Key: swagger}}", "/swagger: version 2.0"},
		"two bodies":      {"{Body: {}, BodyS3Location: {Bucket: b, Key: api.yaml}}", "either Body or BodyS3Location"},
	} {
		if _, err := h.Create(t.Context(), request("", tt.properties)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %s", name, err, tt.want)
		}
	}
	s.config.Objects = nil
	if _, err := h.Create(t.Context(), request("", "{BodyS3Location: {Bucket: b, Key: api.yaml}}")); err == nil || !strings.Contains(err.Error(), "BodyS3Location is not served") {
		t.Errorf("without S3: %v", err)
	}
}
