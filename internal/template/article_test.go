package template

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var testEnv = Env{
	AccountID: "111122223333", Region: "ap-northeast-1", StackName: "article",
	StackID: "arn:aws:cloudformation:ap-northeast-1:111122223333:stack/article/1",
	SSM: func(name string) (SSMParameter, bool) {
		if strings.HasPrefix(name, "/aws/service/ami-amazon-linux-latest/") {
			return SSMParameter{Type: "String", Value: "ami-0123456789abcdef0"}, true
		}
		return SSMParameter{}, false
	},
	Export: func(name string) (string, bool) { return "export-of-" + name, true },
}

func parseFile(t *testing.T, name string) *Node {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "examples", name))
	if err != nil {
		t.Fatal(err)
	}
	root, _, err := Parse(filepath.Base(name), text)
	if err != nil {
		t.Fatalf("Parse(%s) = %+v", name, err)
	}
	return root
}

func TestArticleAsPublished(t *testing.T) {
	root := parseFile(t, "article-as-published/template.yaml")
	tmpl, err := Load(root)
	if err != nil {
		t.Fatalf("Load = %+v", err)
	}
	b, err := tmpl.Bind(nil, testEnv)
	if err != nil {
		t.Fatalf("Bind = %+v", err)
	}
	err = b.Check()
	if err == nil {
		t.Fatal("Check found nothing")
	}
	want := `Template format error: Unresolved resource dependencies [AllowedSSHCidr] in the Resources block of the template
template.yaml:182:19
              CidrIp: !Ref AllowedSSHCidr
                      ^
did you mean AllowedSSHCidr1?`
	if diff := cmp.Diff(want, detail(err)); diff != "" {
		t.Errorf("Detail (-want +got):\n%s", diff)
	}
	if got, want := err.Error(), strings.SplitN(want, "\n", 2)[0]; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestArticleWarnings(t *testing.T) {
	tests := []struct {
		file string
		want []string
	}{
		{"article/template.yaml", []string{
			"template.yaml:197:31: no such parameter: Ref gives the name of a key pair, and the private key is stored under its id; write /ec2/keypair/${MyKeyPair.KeyPairId}",
		}},
		{"article-as-published/template.yaml", []string{
			"template.yaml:15:3: the parameter AllowedSSHCidr1 is not used",
			"template.yaml:193:31: no such parameter: Ref gives the name of a key pair, and the private key is stored under its id; write /ec2/keypair/${MyKeyPair.KeyPairId}",
		}},
		{"article/network.yaml", nil},
	}
	for _, tt := range tests {
		var got []string
		for _, w := range Lint(parseFile(t, tt.file)) {
			got = append(got, w.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("Lint(%s) (-want +got):\n%s", tt.file, diff)
		}
	}
}

func TestArticleNetworkResolves(t *testing.T) {
	tmpl, err := Load(parseFile(t, "article/network.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := tmpl.Bind(map[string]string{"VpcCidr": "10.1.0.0/16"}, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Fatalf("Check = %+v", err)
	}
	subnet, err := b.Resolve(tmpl.Resource("TestPublicSubnet").Properties, made{"TestVpc": "vpc-1"})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"VpcId":"vpc-1","CidrBlock":"10.0.0.0/24","AvailabilityZone":"ap-northeast-1a","MapPublicIpOnLaunch":true,"Tags":[{"Key":"Name","Value":"Test-Public-Subnet"}]}`
	if got := string(subnet.JSON("")); got != want {
		t.Errorf("Resolve(TestPublicSubnet)\n got %s\nwant %s", got, want)
	}
	wantOrder := []string{
		"TestVpc", "TestInternetGateway", "TestPublicSubnet", "TestPublicRouteTable", "TestGatewayAttachment",
		"TestPublicSubnetRouteTableAssociation", "TestPublicDefaultRoute",
	}
	if diff := cmp.Diff(wantOrder, b.Dependencies().Order()); diff != "" {
		t.Errorf("Order (-want +got):\n%s", diff)
	}
	exports, _ := b.Exports()
	if diff := cmp.Diff([]string{"TestVpcIdExport", "TestPublicSubnetIdExport"}, nameList(exports)); diff != "" {
		t.Errorf("Exports (-want +got):\n%s", diff)
	}
	outputs, err := b.Outputs(made{"TestVpc": "vpc-1", "TestPublicSubnet": "subnet-1"})
	if err != nil || len(outputs) != 2 || outputs[1].Value != "subnet-1" || outputs[1].ExportName != "TestPublicSubnetIdExport" {
		t.Errorf("Outputs = %+v, %v", outputs, err)
	}
}

func TestArticleImports(t *testing.T) {
	tmpl, err := Load(parseFile(t, "article/template.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	b, err := tmpl.Bind(nil, testEnv)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Check(); err != nil {
		t.Errorf("Check = %+v", err)
	}
	if diff := cmp.Diff([]string{"TestPublicSubnetIdExport", "TestVpcIdExport"}, nameList(b.Imports())); diff != "" {
		t.Errorf("Imports (-want +got):\n%s", diff)
	}
}

// detail returns the long form of an error.
func detail(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Detail()
	}
	return fmt.Sprint(err)
}

// made is a Lookup of Ref values; attributes are "ID.Attribute".
type made map[string]string

func (m made) Ref(id string) (string, error) {
	if v, ok := m[id]; ok {
		return v, nil
	}
	return "", ErrUnknown
}

func (m made) GetAtt(id, attribute string) (*Node, error) {
	if v, ok := m[id+"."+attribute]; ok {
		return Text(v), nil
	}
	return nil, ErrUnknown
}

func nameList(names []Name) []string {
	var list []string
	for _, n := range names {
		list = append(list, n.Name)
	}
	return list
}
