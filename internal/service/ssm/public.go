package ssm

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
)

// publicTrees are the names under which AWS publishes the ids of machine images.
var publicTrees = [...]string{
	"/aws/service/ami-amazon-linux-latest/",
	"/aws/service/ami-windows-latest/",
	"/aws/service/canonical/",
	"/aws/service/ecs/",
}

// publicNames are the public parameters that a listing of their path shows.
var publicNames = [...]string{
	"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64",
	"/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
	"/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-arm64",
	"/aws/service/ami-amazon-linux-latest/al2023-ami-minimal-kernel-default-x86_64",
	"/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-arm64-gp2",
	"/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2",
	"/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-arm64-gp2",
	"/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
}

// cdkBootstrap is the version of the bootstrap stack that CDK's templates ask
// for.
const cdkBootstrap = "/cdk-bootstrap/hnb659fds/version"

// publicParameter answers public parameters by rule: the image that a name stands
// for is made up, but always the same one for a name and region.
func publicParameter(name, region string) (string, bool) {
	if name == cdkBootstrap {
		return "21", true
	}
	for _, tree := range publicTrees {
		if strings.HasPrefix(name, tree) && len(name) > len(tree) {
			sum := sha256.Sum256([]byte(region + " " + name))
			return "ami-" + hex.EncodeToString(sum[:])[:17], true
		}
	}
	return "", false
}
