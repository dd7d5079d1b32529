package httpapi

// InvokeAction is what a caller of an IAM route must be allowed to do.
const InvokeAction = "execute-api:Invoke"

// An ARNBase is the start of the resource names of one stage.
type ARNBase string

// NewARNBase returns the base for a stage of an API.
func NewARNBase(partition, region, account, apiID, stage string) ARNBase {
	return ARNBase("arn:" + partition + ":execute-api:" + region + ":" + account + ":" + apiID + "/" + stage + "/")
}

// Request returns the resource that a caller's policies see: the method and
// the decoded path of the request, not of the route.
func (b ARNBase) Request(method, path string) string {
	if path != "" && path[0] == '/' {
		path = path[1:]
	}
	return string(b) + method + "/" + path
}

// Sources returns the values of aws:SourceArn that a function's policy may see
// for a route: the first one as a rule. A route for ANY may be named by the
// request's method or by ANY.
func (b ARNBase) Sources(r *Route, method string) []string {
	switch r.Method {
	case "":
		return []string{string(b) + "$default"}
	case "ANY":
		return []string{string(b) + method + r.Path, string(b) + "ANY" + r.Path}
	default:
		return []string{string(b) + r.Method + r.Path}
	}
}
