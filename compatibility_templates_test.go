package hakone_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hakonegate/hakone/internal/server"
	"github.com/hakonegate/hakone/internal/stack"
)

// The directories of the tests that show templates and stacks.
const (
	inTemplates = "internal/template."
	inStacks    = "internal/stack."
	inService   = "internal/service/cloudformation."
	inScripts   = "internal/cli."
)

func templateCompatibility() compatibility {
	return compatibility{
		title: "Templates and stacks (CloudFormation, SAM)",
		intro: "Whatever is not served stops a deployment before it begins, all of it in one list.",
		sections: []compatibilitySection{
			{"The language", []compatibilityRow{
				{"YAML and JSON, short tags, positions of every fault", yes, "", []string{inTemplates + "TestYAML", inTemplates + "TestParseRefuses", inTemplates + "TestParseGivesJSON"}},
				{"parameters of all types, constraints, SSM parameters", yes, "", []string{inTemplates + "TestBindingTexts", inTemplates + "TestRefOfParameters"}},
				{"mappings, conditions, rules", yes, "", []string{inTemplates + "TestConditions", inTemplates + "TestRules", inTemplates + "TestFindInScalars"}},
				{"intrinsic functions", partly, "`Fn::GetStackOutput` is refused", []string{inTemplates + "TestFunctions", inTemplates + "TestUnknownValuesSpread"}},
				{"`AWS::LanguageExtensions`: loops, lengths, JSON, defaults", yes, "", []string{inTemplates + "TestLanguageExtensions", inTemplates + "TestLoopProductsAreBounded"}},
				{"`AWS::Include` of local files", partly, "files in S3", []string{inTemplates + "TestInclude"}},
				{"dynamic references", partly, "there are no secrets of Secrets Manager", []string{inTemplates + "TestDynamicReferences"}},
				{"outputs, exports, imports", yes, "", []string{inTemplates + "TestOutputs", inService + "TestExportsAreGuarded", inService + "TestOrderFollowsImports"}},
				{"cycles, explained edge by edge", yes, "", []string{inTemplates + "TestCyclesAreExplained"}},
				{"faults in CloudFormation's words", yes, "", []string{inTemplates + "TestEarlyTexts", inTemplates + "TestLateTexts", inTemplates + "TestAllEarlyFaultsAreListed"}},
				{"properties, their kinds and values, before anything is created", yes, "", []string{inStacks + "TestPropertiesAreVerifiedBeforeAnythingIsCreated"}},
				{"macros of an account, modules", no, "refused by name", nil},
			}},
			{"Stacks", []compatibilityRow{
				{"order by dependencies, in parallel; events and statuses", yes, "", []string{inStacks + "TestCreateFollowsDependenciesAndTellsEvents", inStacks + "TestIndependentResourcesRunTogether"}},
				{"update in place or by replacement, rollback", yes, "", []string{inStacks + "TestReplacementRepointsAndThenDeletes", inStacks + "TestFailedUpdateIsTakenBack", inStacks + "TestFailedCreateIsRolledBack"}},
				{"change sets, `aws cloudformation deploy`", yes, "", []string{inService + "TestChangeSets", inConformance + "TestAWSCommandLineDeploys"}},
				{"deletion and update-replace policies", partly, "a snapshot is a resource that is kept", []string{inStacks + "TestDeletionPoliciesAreKept"}},
				{"nested stacks of local templates", yes, "", []string{inService + "TestNestedStack"}},
				{"a process that is killed in a deployment", yes, "", []string{inService + "TestKilledDeploymentsAreFinished", inStacks + "TestWhatTheProcessDiedInIsTakenBackByTheHandler"}},
				{"custom resources with Lambda functions", partly, "topics of SNS do not answer for them", []string{inScripts + "TestScripts"}},
				{"stack policies, drift, imports, stack sets", no, "refused by name", nil},
			}},
		},
		more: "\n### Resource types\n\n" + resourceTypes() + "\n### Templates of others\n\nA folder of published templates, deployed with stubs for the code that they name. The table is made by\n" +
			"`HAKONE_TEMPLATES=DIR go test -run TestTemplatesOfAFolder . -update`, here with an emulator for DynamoDB, SQS and SNS (`HAKONE_ENDPOINTS`).\n\n" + othersTemplates(),
	}
}

// resourceTypes is the table of what is served.
func resourceTypes() string {
	types := server.ResourceTypes()
	var b strings.Builder
	b.WriteString("Real types act; recorded ones are checked and kept, with ids and attributes of AWS's form, and say at their creation what does not happen.\n" +
		"`Custom::*` is `AWS::CloudFormation::CustomResource`. Any other type of AWS stops the deployment, unless `--placeholder` allows it.\n\n| type | here | `Fn::GetAtt` |\n|---|---|---|\n")
	for _, name := range slices.Sorted(maps.Keys(types)) {
		t := types[name]
		level := t.Level.String()
		if t.Needs != "" {
			level = "real, in an emulator (`--service-endpoint`)"
		}
		attributes := slices.Sorted(slices.Values(t.Attributes))
		if t.Level == stack.Real && t.Attributes == nil {
			attributes = []string{"what its handler gives"}
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, level, strings.Join(attributes, ", "))
	}
	return b.String()
}

func othersTemplates() string {
	text, err := os.ReadFile(templateResults)
	if err != nil {
		return ""
	}
	return string(text)
}
