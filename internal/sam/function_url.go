package sam

import "github.com/hakonegate/hakone/internal/template"

// corsOfURL are the CORS settings that a function URL may have.
var corsOfURL = map[string]struct {
	shape shape
	name  string
}{
	"AllowOrigins": {list, "list"}, "AllowMethods": {list, "list"}, "AllowHeaders": {list, "list"}, "ExposeHeaders": {list, "list"},
	"AllowCredentials": {boolean, "bool"}, "MaxAge": {number, "int"},
}

// url makes the function URL, and lets everybody invoke through it when it
// has no authorization.
func (f *function) url() error {
	config := f.get("FunctionUrlConfig")
	if !truthy(config) {
		return nil
	}
	auth := config.Get("AuthType")
	if !isIntrinsic(config) && !isIntrinsic(auth) && auth.Str() != "AWS_IAM" && auth.Str() != "NONE" {
		return invalidResource(f.id, config, "AuthType is required to configure function property `FunctionUrlConfig`. Please provide either AWS_IAM or NONE.")
	}
	cors := config.Get("Cors")
	if truthy(cors) && !cors.IsMap() {
		return invalidResource(f.id, cors, "Property 'FunctionUrlConfig.Cors' should be a map.")
	}
	if cors.IsMap() && !isIntrinsic(cors) {
		for _, p := range cors.Pairs {
			allowed, known := corsOfURL[p.Key]
			if !known {
				return invalidResource(f.id, p.Value, "%s is not a valid property for configuring Cors.", p.Key)
			}
			if !isIntrinsic(p.Value) && !allowed.shape.admits(p.Value) {
				return invalidResource(f.id, p.Value, "%s must be of type %s.", p.Key, allowed.name)
			}
		}
	}
	u := f.add(newResource(f.id+"Url", "AWS::Lambda::Url", f.inherited()))
	if truthy(cors) {
		u.set("Cors", cors)
	}
	u.set("AuthType", auth)
	u.set("TargetFunctionArn", f.invoked())
	u.set("InvokeMode", config.Get("InvokeMode"))
	if auth.Str() != "NONE" {
		return nil
	}
	invokeURL := f.add(newResource(f.id+"UrlPublicPermissions", "AWS::Lambda::Permission", f.inherited()))
	invokeURL.set("Action", template.Text("lambda:InvokeFunctionUrl"))
	invokeURL.set("FunctionName", f.invoked())
	invokeURL.set("FunctionUrlAuthType", auth)
	invokeURL.set("Principal", template.Text("*"))

	invoke := f.add(newResource(f.id+"URLInvokeAllowPublicAccess", "AWS::Lambda::Permission", f.inherited()))
	invoke.set("Action", template.Text("lambda:InvokeFunction"))
	invoke.set("FunctionName", f.invoked())
	invoke.set("InvokedViaFunctionUrl", template.Bool(true))
	invoke.set("Principal", template.Text("*"))
	return nil
}
