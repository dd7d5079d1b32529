package imds

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hakonegate/hakone/internal/service/ec2"
)

// An Instance is what the metadata service tells. Empty texts have no path.
type Instance struct {
	InstanceID         string
	ImageID            string
	InstanceType       string
	AccountID          string
	Region             string
	Partition          string // "" means "aws"
	AvailabilityZone   string
	AvailabilityZoneID string
	Architecture       string // "" means "x86_64"
	PrivateIP          string
	PublicIP           string
	PrivateDNSName     string
	PublicDNSName      string
	VPCID              string
	SubnetID           string
	VPCBlock           string // addresses of the VPC and the subnet
	SubnetBlock        string
	SecurityGroups     []string // names
	SecurityGroupIDs   []string
	KeyName            string
	PublicKey          string // as in authorized_keys
	UserData           []byte
	LaunchTime         time.Time
	Tags               map[string]string // nil unless the instance shows its tags

	ProfileARN string // of the instance profile
	ProfileID  string // AIPA…
	RoleName   string
	RoleID     string // AROA…: another role of the same name gets other credentials

	TokensRequired bool // HttpTokens=required: version 1 is refused
	Disabled       bool // HttpEndpoint=disabled
	HopLimit       int  // of answers; whoever serves them honours it
}

// A leaf is one path below meta-data with its text.
type leaf struct {
	path, value string
	label       string // of a public key
}

// leaves lists what the instance has, sorted by path.
func (i *Instance) leaves() []leaf {
	partition, domain := i.Partition, "amazonaws.com"
	if partition == "" {
		partition = "aws"
	}
	if partition == "aws-cn" {
		domain = "amazonaws.com.cn"
	}
	mac := ec2.MAC(i.InstanceID)
	net := "network/interfaces/macs/" + mac + "/"
	list := []leaf{
		{path: "ami-id", value: i.ImageID},
		{path: "ami-launch-index", value: "0"},
		{path: "hostname", value: i.PrivateDNSName},
		{path: "instance-action", value: "none"},
		{path: "instance-id", value: i.InstanceID},
		{path: "instance-life-cycle", value: "on-demand"},
		{path: "instance-type", value: i.InstanceType},
		{path: "local-hostname", value: i.PrivateDNSName},
		{path: "local-ipv4", value: i.PrivateIP},
		{path: "mac", value: mac},
		{path: net + "device-number", value: "0"},
		{path: net + "interface-id", value: "eni-" + strings.TrimPrefix(i.InstanceID, "i-")},
		{path: net + "local-hostname", value: i.PrivateDNSName},
		{path: net + "local-ipv4s", value: i.PrivateIP},
		{path: net + "mac", value: mac},
		{path: net + "owner-id", value: i.AccountID},
		{path: net + "public-hostname", value: i.PublicDNSName},
		{path: net + "public-ipv4s", value: i.PublicIP},
		{path: net + "security-group-ids", value: strings.Join(i.SecurityGroupIDs, "\n")},
		{path: net + "security-groups", value: strings.Join(i.SecurityGroups, "\n")},
		{path: net + "subnet-id", value: i.SubnetID},
		{path: net + "subnet-ipv4-cidr-block", value: i.SubnetBlock},
		{path: net + "vpc-id", value: i.VPCID},
		{path: net + "vpc-ipv4-cidr-block", value: i.VPCBlock},
		{path: net + "vpc-ipv4-cidr-blocks", value: i.VPCBlock},
		{path: "placement/availability-zone", value: i.AvailabilityZone},
		{path: "placement/availability-zone-id", value: i.AvailabilityZoneID},
		{path: "placement/region", value: i.Region},
		{path: "profile", value: "default-hvm"},
		{path: "public-hostname", value: i.PublicDNSName},
		{path: "public-ipv4", value: i.PublicIP},
		{path: "public-keys/0/openssh-key", value: i.PublicKey, label: i.KeyName},
		{path: "reservation-id", value: "r-" + strings.TrimPrefix(i.InstanceID, "i-")},
		{path: "security-groups", value: strings.Join(i.SecurityGroups, "\n")},
		{path: "services/domain", value: domain},
		{path: "services/partition", value: partition},
		{path: "system", value: "nitro"},
	}
	if i.PublicIP != "" {
		list = append(list, leaf{path: net + "ipv4-associations/" + i.PublicIP, value: i.PrivateIP})
	}
	if i.ProfileARN != "" {
		list = append(list, leaf{path: "iam/info", value: i.profileDocument()})
		if i.RoleName != "" {
			list = append(list, leaf{path: "iam/security-credentials/" + i.RoleName, value: i.RoleName})
		}
	}
	for key, value := range i.Tags {
		list = append(list, leaf{path: "tags/instance/" + key, value: value})
	}
	list = slices.DeleteFunc(list, func(l leaf) bool { return l.value == "" })
	slices.SortFunc(list, func(a, b leaf) int { return strings.Compare(a.path, b.path) })
	return list
}

func (i *Instance) profileDocument() string {
	return document([][2]string{
		{"Code", "Success"},
		{"LastUpdated", stamp(i.LaunchTime)},
		{"InstanceProfileArn", i.ProfileARN},
		{"InstanceProfileId", i.ProfileID},
	})
}

// serveDynamic answers the identity document. AWS's signatures of it cannot be
// made here: their paths do not exist.
func (m *metadata) serveDynamic(w http.ResponseWriter, _ *http.Request, i *Instance, rest string) {
	switch strings.TrimSuffix(rest, "/") {
	case "":
		answer(w, "text/plain", "instance-identity/")
	case "instance-identity":
		answer(w, "text/plain", "document")
	case "instance-identity/document":
		answer(w, "text/plain", i.identityDocument())
	default:
		refuse(w, http.StatusNotFound)
	}
}

func (i *Instance) identityDocument() string {
	architecture := i.Architecture
	if architecture == "" {
		architecture = "x86_64"
	}
	return document([][2]string{
		{"accountId", i.AccountID},
		{"architecture", architecture},
		{"availabilityZone", i.AvailabilityZone},
		{"billingProducts", null},
		{"devpayProductCodes", null},
		{"marketplaceProductCodes", null},
		{"imageId", i.ImageID},
		{"instanceId", i.InstanceID},
		{"instanceType", i.InstanceType},
		{"kernelId", null},
		{"pendingTime", stamp(i.LaunchTime)},
		{"privateIp", i.PrivateIP},
		{"ramdiskId", null},
		{"region", i.Region},
		{"version", "2017-09-30"},
	})
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
