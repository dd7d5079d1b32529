module github.com/hakonegate/hakone/bench/sdk

go 1.26.0

require (
	github.com/aws/aws-sdk-go-v2 v1.48.0
	github.com/hakonegate/hakone v0.0.0
)

require github.com/aws/smithy-go v1.28.9 // indirect

replace github.com/hakonegate/hakone => ../..
