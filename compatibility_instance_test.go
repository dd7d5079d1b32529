package hakone_test

// The directories of the tests that show instances.
const (
	inEC2      = "internal/service/ec2."
	inSSM      = "internal/service/ssm."
	inInstance = "internal/instance."
	inIMDS     = "internal/imds."
	inCLI      = "internal/cli."
	inWire     = "internal/endpoint."
)

func instanceCompatibility() compatibility {
	return compatibility{
		title: "Instances (EC2, instance metadata, parameter store)",
		intro: "An instance is an identity and a place to run commands: namespaces of this machine. Networks are records that are checked and looked up.",
		sections: []compatibilitySection{
			{"Sessions", []compatibilityRow{
				{"the article's commands unchanged: PyPI's awscurl, curl, Python", yes, "", []string{inConformance + "TestArticleCommandsUnchanged", inConformance + "TestArticleInATerminal", inCLI + "TestScripts"}},
				{"names of APIs, custom domains and AWS's services on port 443, as they come and go", yes, "", []string{inInstance + "TestHostsFollowTheNames", inCLI + "TestScripts", inConformance + "TestArticleInATerminal"}},
				{"SSH as `ec2-user` with RSA and ed25519 keys, commands, terminals, exit status", yes, "", []string{inInstance + "TestOnlyTheKeyOfTheInstanceOpensIt", inInstance + "TestCommandsOverSSH", inInstance + "TestTerminalOverSSH", inConformance + "TestArticleInATerminal"}},
				{"SFTP, forwarding", no, "refused with a reason", nil},
				{"user data", partly, "scripts; cloud-init's other formats are refused", []string{inInstance + "TestAScriptIsRootInsideOnly", inEC2 + "TestUserDataIsAScript", inEC2 + "TestUserDataRunsOncePerInstance"}},
				{"files that stay, packages of the image", no, "the programs are this machine's; files end with the session", nil},
				{"where there are no namespaces: variables of the SDKs", yes, "", []string{inCLI + "TestScripts", inInstance + "TestWithoutNamespacesMetadataWantsATokenAlways"}},
			}},
			{"Security groups", []compatibilityRow{
				{"ingress on port 22: blocks, IPv6, groups, prefix lists, rules of their own, the default group", yes, "", []string{inEC2 + "TestIngressRulesDecideWhoMayOpenASession"}},
				{"egress by protocol, port and address", partly, "TCP and UDP over IPv4, with `--egress host`", []string{inEC2 + "TestEgressRulesDecideWhatIsReached", inInstance + "TestEgressReachesWhatIsAllowed"}},
				{"route tables, network ACLs", no, "records", nil},
			}},
			{"Instance metadata", []compatibilityRow{
				{"version 2 and, where it is allowed, version 1", yes, "", []string{inIMDS + "TestTokens"}},
				{"instance, placement, interfaces, tags, user data, identity document", yes, "", []string{inIMDS + "TestPaths", inIMDS + "TestIdentityDocument"}},
				{"the role's credentials, renewed; several instances at once", yes, "", []string{inIMDS + "TestRoleCredentialsAreRenewedBeforeTheirEnd", inInstance + "TestInstancesAtOnceHaveMetadataOfTheirOwn"}},
				{"hop limit", yes, "", []string{inInstance + "TestMetadataHasTheHopLimit"}},
				{"signatures of the identity document", no, "only AWS can make them", nil},
			}},
			{"EC2 on the wire", []compatibilityRow{
				{"Describe: Instances, KeyPairs, SecurityGroups, SecurityGroupRules, Addresses, Vpcs, Subnets, RouteTables, InternetGateways, Tags", yes, "", []string{inEC2 + "TestDescribeFindsWhatStacksMade", inConformance + "TestScriptsThatLookThingsUp"}},
				{"Describe: Images, Regions, AvailabilityZones", partly, "images of instances, the region that is served", []string{inEC2 + "TestDescribeFindsWhatStacksMade"}},
				{"filters, wildcards, tags, pages, dry runs, refusals", yes, "", []string{inEC2 + "TestDescribeRefuses", inEC2 + "TestDescribeComesInPages", inWire + "TestEC2HasRefusalsOfItsOwn"}},
				{"everything that changes something", no, "stacks make it; refused by name", nil},
			}},
			{"Parameter store", []compatibilityRow{
				{"String, StringList and SecureString, sealed where they lie", yes, "", []string{inSSM + "TestSecureStringsAreOpenedOnlyWhenAsked", inSSM + "TestRefusals"}},
				{"versions, labels, histories", yes, "", []string{inSSM + "TestVersionsStay", inSSM + "TestLabelsNameVersions", inSSM + "TestHistoryComesInPages", inSSM + "TestALabelledOldestVersionStays"}},
				{"paths, filters, pages, tags", yes, "", []string{inSSM + "TestByPath", inSSM + "TestFiltersOfDescribe", inConformance + "TestScriptsThatLookThingsUp"}},
				{"public parameters", partly, "machine images, whose ids are made up; the version of CDK's bootstrap stack", []string{inSSM + "TestPublicParametersAreAnsweredByRule", inSSM + "TestPublicImagesAreListed"}},
				{"private keys of key pairs under `/ec2/keypair/`", yes, "", []string{inConformance + "TestArticleInATerminal", inConformance + "TestScriptsThatLookThingsUp"}},
				{"policies, change notices", no, "refused", nil},
			}},
		},
	}
}
