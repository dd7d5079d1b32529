package trace

import (
	"fmt"
	"strings"

	"github.com/hakonegate/hakone/sigv4"
)

// advise returns what may help, the likeliest first.
func advise(r *Request) []string {
	s, ok := r.Refusal()
	if !ok {
		return nil
	}
	switch {
	case r.Signature != nil && !r.Signature.Valid:
		return adviseSignature(r)
	case s.Name == "locate":
		return []string{
			"Check the API ID and the region in the host name; `hakone status` lists what is served.",
			"A path begins with the name of its stage, unless the API has a stage $default.",
		}
	case s.Name == "match":
		return []string{
			"Compare the path and the method with the API's routes: case counts, and so does a slash at the end; HEAD is not GET.",
			"A stage's name at the start of the path is cut off only if the API has that stage.",
		}
	case r.Authorization != nil && !r.Authorization.Allowed:
		if r.Authorization.Explanation != nil && len(r.Authorization.Explanation.Missing)+len(r.Authorization.Explanation.Hints) > 0 {
			return nil // the explanation says it better
		}
		return []string{fmt.Sprintf("Allow %s on %s in a policy of the caller.", r.Authorization.Action, r.Authorization.Resource)}
	case r.Integration != nil:
		return adviseIntegration(r.Integration)
	default:
		return nil
	}
}

func adviseIntegration(i *Integration) []string {
	switch {
	case i.FunctionError != "":
		return []string{"The function's log tells more: `hakone logs`."}
	case strings.Contains(i.Error, "no permission to invoke"):
		return []string{
			"Add an AWS::Lambda::Permission with Action lambda:InvokeFunction, Principal apigateway.amazonaws.com and the SourceArn " + i.SourceARN + " (or a pattern that covers it). SAM makes one for each event of a function.",
		}
	case strings.Contains(i.Error, "malformed"):
		return []string{"Payload format 1.0 wants {\"statusCode\": …, \"body\": \"text\"}; format 2.0 also takes a plain body, but a statusCode must be a whole number and a body a string."}
	default:
		return nil
	}
}

// adviseSignature names the usual causes of a refused signature.
func adviseSignature(r *Request) []string {
	s := r.Signature
	switch s.Reason {
	case sigv4.Missing.String():
		return []string{
			fmt.Sprintf("The route asks for AWS_IAM: sign the request, as in `hakone curl --service execute-api --region %s URL`.", s.WantRegion),
		}
	case sigv4.WrongScope.String():
		return []string{
			fmt.Sprintf("Sign for the service %s and the region %s, whatever region the client is in by default.", s.WantService, s.WantRegion),
			"If those are right, the day in the credential is not the day of X-Amz-Date.",
		}
	case sigv4.Expired.String(), sigv4.NotYetValid.String():
		if s.Presigned && s.Reason == sigv4.Expired.String() {
			return []string{"The URL was signed for a time that is over (X-Amz-Expires, in seconds): make a new one, or one for longer, up to 7 days."}
		}
		return []string{
			"The client's clock and this machine's differ by more than the 5 minutes that are allowed, unless the request was kept and sent later. Set the clocks by NTP.",
			"A signed request cannot be kept: sign it anew each time it is sent.",
		}
	case sigv4.UnknownKey.String():
		return []string{"This gateway knows only keys of its own account, not those of a real one: `hakone env` prints them.", "The key may have been deactivated or deleted."}
	case sigv4.InvalidToken.String():
		return []string{
			"Temporary keys (ASIA…) need their own X-Amz-Security-Token: set AWS_SESSION_TOKEN together with the two keys.",
			"Long-term keys (AKIA…) must come without one: unset AWS_SESSION_TOKEN.",
		}
	case sigv4.ExpiredToken.String():
		return []string{"The session is over: get new temporary credentials."}
	case sigv4.HostNotSigned.String():
		return []string{"Sign the Host header."}
	case sigv4.PathNotNormal.String():
		return []string{"Send the path without empty, . and .. segments: a signature does not tell /a//b from /a/b."}
	case sigv4.Malformed.String(), sigv4.HeadersTooLarge.String():
		return []string{"Something between the client and here may have changed the Authorization header, or it is of another kind, such as Bearer."}
	case sigv4.StreamingPayload.String():
		return []string{"Sign the hash of the whole body: execute-api takes neither UNSIGNED-PAYLOAD nor chunked signatures."}
	case sigv4.Mismatch.String():
		switch {
		case s.Cause != "":
			return []string{
				strings.ToUpper(s.Cause[:1]) + s.Cause[1:] + ".",
				"Sign what arrives here, or let the proxy pass on method, path, query, Host header, signed headers and body as they came.",
			}
		case strings.HasSuffix(s.Message, "is not signed"):
			return []string{
				"Every X-Amz-* header that arrives must be among the signed ones. A proxy or a client's plug-in may have added this one after signing.",
				"Sign it too, take it off before the gateway, or give it a name without X-Amz-.",
			}
		}
		return []string{
			"Check the secret access key first: a wrong one cannot be told from a changed request, and none of the usual changes (path, host, query, header, method) explains the signature.",
			"A proxy may have changed the path, the query or the Host header, or added an X-Amz-* header, after signing. Sign for the address that this side sees.",
			"The path is signed with its escapes escaped once more (%20 becomes %2520), the stage included; the query with its pairs sorted.",
			"The body must be the very bytes that were signed: no re-encoding, no newline added.",
			"Header names that hop-by-hop parties change (Connection, Content-Length, X-Forwarded-*) are better left out of the signature.",
		}
	default:
		return nil
	}
}
