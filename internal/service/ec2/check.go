package ec2

import (
	"net/netip"
	"regexp"
	"strings"

	"github.com/hakonegate/hakone/internal/awserr"
)

func invalid(code, format string, args ...any) error {
	return awserr.New(code, 400, format, args...)
}

// cidr parses an address block as EC2 does for rules: the host bits may be set.
func cidr(text string) (netip.Prefix, error) {
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, invalid("InvalidParameterValue", "CIDR block %s is malformed", text)
	}
	return p.Masked(), nil
}

var idChars = regexp.MustCompile(`^[0-9a-f]{8}([0-9a-f]{9})?$`)

// codes of malformed ids, by prefix.
var idCodes = map[string]string{
	"vpc": "InvalidVpcID.Malformed", "subnet": "InvalidSubnetID.Malformed", "igw": "InvalidInternetGatewayID.Malformed",
	"rtb": "InvalidRouteTableId.Malformed", "sg": "InvalidGroupId.Malformed", "ami": "InvalidAMIID.Malformed",
	"eipalloc": "InvalidAllocationID.Malformed", "i": "InvalidInstanceID.Malformed", "nat": "InvalidNatGatewayID.Malformed",
	"acl": "InvalidNetworkAclID.Malformed",
}

// checkID refuses an id of the wrong shape. One that is well formed but not ours
// is accepted: it may name something that exists in AWS.
func checkID(prefix, id string) error {
	rest, ok := strings.CutPrefix(id, prefix+"-")
	if ok && idChars.MatchString(rest) {
		return nil
	}
	code := idCodes[prefix]
	if code == "" {
		code = "InvalidParameterValue"
	}
	return invalid(code, `Invalid id: "%s" (expecting "%s-...")`, id, prefix)
}
