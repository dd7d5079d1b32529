package cloudformation

import "github.com/hakonegate/hakone/internal/awserr"

// A deploymentConfig says how a deployment is made. A deployment waits for nothing
// here that an express one would not wait for, so that the two modes are one but
// for what an express one leaves when it fails.
type deploymentConfig struct {
	Mode            string
	DisableRollback *bool
}

// check refuses what is not honoured.
func (c *deploymentConfig) check() error {
	switch c.Mode {
	case "", "STANDARD":
		if c.DisableRollback != nil && *c.DisableRollback {
			return unsupported("DisableRollback in a DeploymentConfig: set that of the operation")
		}
		return nil
	case "EXPRESS":
		if c.DisableRollback == nil || *c.DisableRollback {
			return unsupported("express deployments without rollback: set DisableRollback of the DeploymentConfig to false (cdk deploy --express --rollback)")
		}
		return nil
	}
	return awserr.Validation("1 validation error detected: Value '%s' at 'deploymentConfig.mode' failed to satisfy constraint: Member must satisfy enum value set: [EXPRESS, STANDARD]", c.Mode)
}

// checkDeletion refuses what a deletion does not honour. An express one waits for
// as little as a standard one, and neither is ever taken back.
func (c *deploymentConfig) checkDeletion() error {
	if c.Mode == "EXPRESS" && c.DisableRollback == nil {
		return nil
	}
	return c.check()
}
