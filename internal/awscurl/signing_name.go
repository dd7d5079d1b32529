package awscurl

// signingName returns the name that a service signs with, by the start of its
// hosts' names, where the two differ (the AWS service models, signingName and
// endpointPrefix); else nothing.
func signingName(prefix string) string {
	switch prefix {
	case "api.tunneling.iot":
		return "IoTSecuredTunneling"
	case "agent-registry-control":
		return "agent-registry"
	case "appconfigdata":
		return "appconfig"
	case "appstream2":
		return "appstream"
	case "agreement-marketplace", "catalog.marketplace", "deployment-marketplace", "discovery-marketplace", "entitlement.marketplace", "metering.marketplace", "reporting-marketplace":
		return "aws-marketplace"
	case "portal.sso":
		return "awsssoportal"
	case "bedrock-agent", "bedrock-agent-runtime", "bedrock-data-automation", "bedrock-data-automation-runtime", "bedrock-runtime":
		return "bedrock"
	case "bedrock-agentcore-control":
		return "bedrock-agentcore"
	case "cassandra-streams":
		return "cassandra"
	case "identity-chime", "media-pipelines-chime", "meetings-chime", "messaging-chime", "voice-chime":
		return "chime"
	case "cloudhsmv2":
		return "cloudhsm"
	case "cloudsearchdomain":
		return "cloudsearch"
	case "cloudwatch-omni":
		return "cloudwatch"
	case "contact-lens":
		return "connect"
	case "api.detective":
		return "detective"
	case "streams.dynamodb":
		return "dynamodb"
	case "api.ecr":
		return "ecr"
	case "api.ecr-public":
		return "ecr-public"
	case "eventsv2":
		return "events"
	case "participant.connect":
		return "execute-api"
	case "forecastquery":
		return "forecast"
	case "iam-toolbox":
		return "iam"
	case "data.jobs.iot":
		return "iot-jobs-data"
	case "data-ats.iot":
		return "iotdata"
	case "api.iotdeviceadvisor":
		return "iotdeviceadvisor"
	case "api.iotmanagedintegrations":
		return "iotmanagedintegrations"
	case "api.iotwireless":
		return "iotwireless"
	case "ivsrealtime":
		return "ivs"
	case "models-v2-lex", "models.lex", "runtime-v2-lex", "runtime.lex":
		return "lex"
	case "data.mediastore":
		return "mediastore"
	case "api.mediatailor":
		return "mediatailor"
	case "memory-db":
		return "memorydb"
	case "migrationhub-config":
		return "mgh"
	case "pinpoint":
		return "mobiletargeting"
	case "partnercentral-prm":
		return "partnercentral"
	case "controlplane.payment-cryptography", "dataplane.payment-cryptography":
		return "payment-cryptography"
	case "personalize-events", "personalize-runtime":
		return "personalize"
	case "api.pricing":
		return "pricing"
	case "data.qapps":
		return "qapps"
	case "a2i-runtime.sagemaker", "api.sagemaker", "edge.sagemaker", "featurestore-runtime.sagemaker", "inferencerouter-runtime.sagemaker", "job-runtime.sagemaker", "metrics.sagemaker", "runtime.sagemaker", "training-session-runtime.sagemaker":
		return "sagemaker"
	case "servicecatalog-appregistry":
		return "servicecatalog"
	case "email", "mail-manager":
		return "ses"
	case "data-signer":
		return "signer"
	case "sms-voice.pinpoint":
		return "sms-voice"
	case "oidc":
		return "sso-oauth"
	case "ingest.timestream", "query.timestream":
		return "timestream"
	case "admin.wickr":
		return "wickr"
	default:
		return ""
	}
}
