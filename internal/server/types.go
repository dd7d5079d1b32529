package server

import (
	"slices"

	"github.com/hakonegate/hakone/internal/service/apigatewayv2"
	"github.com/hakonegate/hakone/internal/service/cloudformation"
	"github.com/hakonegate/hakone/internal/service/dynamodb"
	"github.com/hakonegate/hakone/internal/service/ec2"
	"github.com/hakonegate/hakone/internal/service/iam"
	"github.com/hakonegate/hakone/internal/service/lambda"
	"github.com/hakonegate/hakone/internal/service/logs"
	"github.com/hakonegate/hakone/internal/service/s3"
	"github.com/hakonegate/hakone/internal/service/sns"
	"github.com/hakonegate/hakone/internal/service/sqs"
	"github.com/hakonegate/hakone/internal/service/ssm"
	"github.com/hakonegate/hakone/internal/stack"
)

// ResourceTypes returns the resource types that a server serves, to look at: no
// service is behind their handlers.
func ResourceTypes() stack.Types {
	return stack.Collect(slices.Concat(
		new(iam.Service).Types(), new(ssm.Service).Types(), new(ec2.Service).Types(), new(logs.Service).Types(), new(lambda.Service).Types(),
		new(apigatewayv2.Service).Types(), new(s3.Service).Types(), new(dynamodb.Service).Types(), new(sqs.Service).Types(), new(sns.Service).Types(),
		new(cloudformation.Service).OwnTypes(),
	))
}
