package execenv

import "testing"

func TestVariablesOfEveryFunction(t *testing.T) {
	fn := &Function{Name: "f", Runtime: "python3.13", Region: "us-east-1", Variables: map[string]string{"AWS_ENDPOINT_URL_SQS": "own"}}
	v := variables(fn, layout{}, map[string]string{"AWS_ENDPOINT_URL_SQS": "all", "AWS_ENDPOINT_URL_S3": "all", "AWS_REGION": "elsewhere"}, "s", "", Keys{})
	for name, want := range map[string]string{
		"AWS_ENDPOINT_URL_S3":  "all",       // given to every function
		"AWS_ENDPOINT_URL_SQS": "own",       // the function's own goes first
		"AWS_REGION":           "us-east-1", // reserved
	} {
		if v[name] != want {
			t.Errorf("%s is %q, want %q", name, v[name], want)
		}
	}
}
