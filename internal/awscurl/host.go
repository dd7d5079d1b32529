package awscurl

import (
	"regexp"
	"strings"
)

// suffixes are the domains that only AWS hands out names in.
var suffixes = []string{
	".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws", ".on.aws",
	".c2s.ic.gov", ".sc2s.sgov.gov", ".cloud.adc-e.uk", ".csp.hci.ic.gov",
}

// region matches a region's name, as in us-east-1, us-gov-west-1, eu-isoe-west-1.
const region = `[a-z]{2}(?:-[a-z]+)+-\d+`

// hostRules find service and region in a host name without its suffix, the
// first that matches. Only names that have the rule's word in them are matched
// with its pattern, which takes long to compile. An empty service means what the
// rule captured.
var hostRules = []struct{ word, pattern, service, region string }{
	{"execute-api", `(?:.+\.)?execute-api\.(?P<r>R)(?:\.vpce)?`, "execute-api", ""},
	{"lambda-url", `.+\.lambda-url\.(?P<r>R)`, "lambda", ""},
	{"s3-global", `.+\.mrap\.accesspoint\.s3-global`, "s3", "*"},
	{"s3express", `(?:.+\.)?s3express(?:-control|-[a-z0-9-]+?)?(?:-fips)?\.(?:dualstack\.)?(?P<r>R)(?:\.vpce)?`, "s3express", ""},
	{"s3-outposts", `(?:.+\.)?s3-outposts(?:-fips)?\.(?P<r>R)`, "s3-outposts", ""},
	{"s3-object-lambda", `(?:.+\.)?s3-object-lambda(?:-fips)?\.(?P<r>R)`, "s3-object-lambda", ""},
	{"s3", `(?:.+\.)?s3(?:-fips|-accesspoint|-accesspoint-fips|-control|-control-fips|-website)?[.-](?:dualstack\.)?(?P<r>R)(?:\.vpce)?`, "s3", ""},
	{"s3-accelerate", `(?:.+\.)?s3-accelerate(?:\.dualstack)?`, "s3", "?"},
	{"s3", `(?:.+\.)?s3`, "s3", "us-east-1"},
	{".es", `.+\.(?P<r>R)\.es`, "es", ""},
	{".aoss", `.+\.(?P<r>R)\.aoss`, "aoss", ""},
	{"appsync", `.+\.appsync(?:-realtime)?-api\.(?P<r>R)`, "appsync", ""},
	{".neptune", `.+\.(?P<r>R)\.neptune`, "neptune-db", ""},
	{"vpc-lattice-svcs", `(?:.+\.)?vpc-lattice-svcs\.(?P<r>R)`, "vpc-lattice-svcs", ""},
	{"aps-workspaces", `aps-workspaces(?:-fips)?\.(?P<r>R)`, "aps", ""},
	{".iot", `(?:data|data-ats|.+-ats)\.iot(?:-fips)?\.(?P<r>R)`, "iotdata", ""},
	{"sagemaker", `runtime(?:-fips)?\.sagemaker(?:-fips)?\.(?P<r>R)`, "sagemaker", ""},
	{"bedrock", `bedrock(?:-agent)?(?:-runtime)?(?:-fips)?\.(?P<r>R)`, "bedrock", ""},
	{"email", `email(?:-fips)?\.(?P<r>R)`, "ses", ""},
	{"ecr", `(?:.+\.)?(?:api\.|dkr\.)?ecr(?:-fips)?\.(?P<r>R)`, "ecr", ""},
	{"dynamodb", `(?:streams\.)?dynamodb(?:-fips)?\.(?P<r>R)`, "dynamodb", ""},
	{"", `(?P<s>iam|sts|route53|cloudfront|organizations|globalaccelerator|importexport|waf|shield|support|budgets|ce|savingsplans)`, "", "us-east-1"},
	{"", `(?P<s>[a-z0-9.-]+?)(?:-fips)?\.(?P<r>R)`, "", ""},
}

// inferScope returns the service and region that an AWS host name stands for,
// each empty if it does not say. Other hosts say nothing.
func inferScope(host string) (service, inRegion string) {
	name := ""
	for _, suffix := range suffixes {
		if rest, ok := strings.CutSuffix(host, suffix); ok {
			name = rest
			break
		}
	}
	if name == "" {
		return "", ""
	}
	for _, rule := range hostRules {
		if !strings.Contains(name, rule.word) {
			continue
		}
		pattern := regexp.MustCompile(`^(?:` + strings.ReplaceAll(rule.pattern, "R)", region+")") + `)$`)
		found := pattern.FindStringSubmatch(name)
		if found == nil {
			continue
		}
		service, inRegion = rule.service, rule.region
		if i := pattern.SubexpIndex("s"); i > 0 {
			prefix := strings.ReplaceAll(found[i], "-fips.", ".")
			if service = firstOf(signingName(prefix), prefix); strings.Contains(service, ".") {
				return "", ""
			}
		}
		if i := pattern.SubexpIndex("r"); i > 0 {
			inRegion = found[i]
		}
		return service, strings.TrimSuffix(inRegion, "?")
	}
	return "", ""
}
