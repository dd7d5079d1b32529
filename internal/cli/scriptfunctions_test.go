package cli_test

import (
	"regexp"

	"github.com/rogpeppe/go-internal/testscript"
)

var urlID = regexp.MustCompile(`https://([a-z0-9]{32})\.lambda-url\.`)

// functionURL sets FUNCTION_URL to the path form of the function URL that the
// last command printed.
func functionURL(ts *testscript.TestScript, _ bool, _ []string) {
	found := urlID.FindStringSubmatch(ts.ReadFile("stdout"))
	if found == nil {
		ts.Fatalf("no function URL was printed")
	}
	ts.Setenv("FUNCTION_URL", ts.Getenv("HTTPS")+"/_aws/lambda-url/"+found[1])
}
