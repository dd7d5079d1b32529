package hakone_test

// The directories of the tests that show functions.
const (
	inExecenv    = "internal/execenv."
	inRuntimeAPI = "internal/runtimeapi."
	inSandbox    = "internal/sandbox."
	inLambda     = "internal/service/lambda."
	inLogs       = "internal/service/logs."
)

func functionCompatibility() compatibility {
	return compatibility{
		title: "Functions (Lambda, CloudWatch Logs)",
		intro: "Functions are processes of this machine, or of others (`hakone worker`, `--function-endpoint`).",
		sections: []compatibilitySection{
			{"Runtimes", []compatibilityRow{
				{"Python 3.9–3.14, the client's answers and logs to the letter", partly, "the nearest installed version stands in for one that is not", []string{inExecenv + "TestPythonClientAnswersAsAWSs", inConformance + "TestRuntimeClients"}},
				{"Node.js 18–24: CommonJS, modules, callbacks, streams", partly, "as with Python", []string{inExecenv + "TestNodeClientAnswersAsAWSs", inExecenv + "TestNodeStreamsToWhoTakesIt"}},
				{"`provided.*`, Go and Rust programs, AWS's own clients unmodified", yes, "", []string{inConformance + "TestRuntimeClients", inExecenv + "TestMissingHandlerFileNamesWhatIsMissing"}},
				{"Java, Ruby, .NET", partly, "the package brings its runtime client", []string{inExecenv + "TestPackagesRuntimeClientIsStarted", inConformance + "TestRuntimeClients"}},
				{"environment variables, exactly Lambda's", yes, "", []string{inExecenv + "TestEnvironmentVariablesAreExactlyLambdas"}},
				{"Runtime API: order, headers, limits, refusals", yes, "", []string{inRuntimeAPI + "TestAnswersAndOrder", inRuntimeAPI + "TestEventHasItsHeaders", inRuntimeAPI + "TestWhatTheRuntimePostsReachesTheCaller"}},
				{"container images, SnapStart, durable functions, tenants", no, "refused by name", nil},
			}},
			{"Life of an environment", []compatibilityRow{
				{"init, its repetition within the call, timeouts, crashes", yes, "", []string{inExecenv + "TestFailedInitRunsAgainInTheCall", inExecenv + "TestSlowInitIsRepeatedInTheCall", inExecenv + "TestTimeoutKillsAndTheNextCallWorks", inExecenv + "TestCrashIsAnsweredAsOnLambda"}},
				{"concurrency: reserved, provisioned, the account's", yes, "", []string{inExecenv + "TestConcurrentCallsGetEnvironmentsOfTheirOwn", inExecenv + "TestProvisionedEnvironmentsAreReadyAndStay", inExecenv + "TestProvisionedConcurrencyIsTakenFromTheReserved"}},
				{"new code without a dropped call", yes, "", []string{inExecenv + "TestUpdateLetsRunningCallsFinish", inLambda + "TestChangeOfCodeIsChangeOfAnswer"}},
				{"answers up to 6 MB, streams up to 200 MB", yes, "", []string{inExecenv + "TestResultOverTheLimitIsRefusedAndTheEnvironmentStays", inRuntimeAPI + "TestStreamArrivesAsItIsWritten"}},
				{"memory, `/tmp`, processes, files, logs are bounded", yes, "", []string{inExecenv + "TestBadFunctionsAreContained", inSandbox + "TestForkBombStaysInItsRoom", inSandbox + "TestCgroupsBoundARoom", inConformance + "TestBadFunctionsTogether"}},
				{"isolation from the machine and from each other", yes, "", []string{inSandbox + "TestNothingGetsOutOfARoom", inExecenv + "TestFunctionSeesNothingOfOthers", inExecenv + "TestRuntimeAPIIsForItsOwnEnvironment", inExecenv + "TestNoNetworkLeavesTheRuntimeAPI"}},
			}},
			{"Extensions", []compatibilityRow{
				{"external and internal extensions, in layers", yes, "", []string{inExecenv + "TestExtensionsHearOfCallsAndTheEnd", inExecenv + "TestAnInternalExtensionRegisters", inRuntimeAPI + "TestExtensionsAreRefused"}},
				{"failures of extensions, shutdown in order and in time", yes, "", []string{inExecenv + "TestAFailedExtensionFailsTheFunction", inExecenv + "TestAnExtensionThatStaysIsKilled", inExecenv + "TestATimeoutIsToldToExtensions"}},
				{"Telemetry API and Logs API over HTTP and TCP", partly, "an extension that listens on all addresses of the machine's network takes the port for one environment; `sandbox.localdomain` is each environment's own", []string{inExecenv + "TestTelemetryReachesTheExtension", inRuntimeAPI + "TestSubscriptions"}},
			}},
			{"Calls", []compatibilityRow{
				{"Invoke: RequestResponse, Event, DryRun, Tail, client context", yes, "", []string{inConformance + "TestFunctionClients", inLambda + "TestUnknownFunctionIsNotFound"}},
				{"InvokeWithResponseStream, chunk by chunk", yes, "", []string{inConformance + "TestFunctionClients", inLambda + "TestFramesOfEventStreams"}},
				{"asynchronous calls: retries, ages, dead letters, destinations", partly, "SQS, SNS and EventBridge where `--service-endpoint` says", []string{inLambda + "TestWhatBecomesOfAsynchronousCalls", inLambda + "TestDeadLettersAreTheEvents", inLambda + "TestAcceptedCallsSurviveARestart", inServer + "TestTopicsAndBucketsElsewhereAreTold"}},
				{"function URLs: IAM and none, CORS, streams", yes, "", []string{inLambda + "TestFunctionURLNeedsBothPermissions", inConformance + "TestFunctionClients"}},
				{"functions elsewhere: workers, real Lambdas", yes, "", []string{inServer + "TestFunctionElsewhereIsCalledWithASignature", inConformance + "TestWorkers"}},
				{"detection of recursive loops, X-Ray", no, "loops run; traces are not sampled", nil},
			}},
			{"Operations", []compatibilityRow{
				{"functions, versions, aliases, concurrency, tags, as Terraform calls them", yes, "", []string{inConformance + "TestTerraformLambda"}},
				{"refusals to the letter", partly, "of the operations that are here", []string{inConformance + "TestLambdaRefusals", inLambda + "TestRefusalsAreSpelledAsLambdaDoes"}},
				{"permissions and policies of functions and layers", yes, "", []string{inLambda + "TestAPIGatewayMayCallWhatThePolicyAllows", inLambda + "TestAliasNeedsItsOwnPermission", inConformance + "TestTerraformLambda"}},
				{"layers by name and by ARN", yes, "", []string{inConformance + "TestFunctionClients", inConformance + "TestTerraformLambda"}},
				{"event source mappings, code signing configurations", no, "refused by name; a function reads as unsigned", nil},
				{"logs: groups, streams, events, filters, retention, tags", partly, "terms and phrases as filters; no queries", []string{inLogs + "TestStreamsAreWrittenAndForgotten", inLogs + "TestFilterLogEventsReadsPageByPage", inLogs + "TestGetLogEventsFollowsItsTokens", inLogs + "TestRetentionForgetsOldEvents", inLogs + "TestPattern"}},
				{"properties of templates that cannot be honoured", yes, "", []string{inLambda + "TestPropertiesOfTemplatesThatCannotBeHonouredAreNamed"}},
			}},
		},
	}
}
