package cli

import (
	"path/filepath"
	"strings"
)

// What of SARIF 2.1.0 code review tools read (OASIS: "Static Analysis Results
// Interchange Format").
type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool    sarifTool     `json:"tool"`
	Results []sarifResult `json:"results"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name  string      `json:"name"`
	Rules []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID string `json:"id"`
}

type sarifResult struct {
	RuleID    string          `json:"ruleId"`
	Level     string          `json:"level"`
	Message   sarifMessage    `json:"message"`
	Locations []sarifLocation `json:"locations"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifLocation struct {
	PhysicalLocation sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	ArtifactLocation sarifArtifact `json:"artifactLocation"`
	Region           *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI string `json:"uri"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn,omitempty"`
}

func sarifOf(findings []finding) sarifLog {
	results := []sarifResult{}
	for _, f := range findings {
		place := sarifPhysical{ArtifactLocation: sarifArtifact{strings.ReplaceAll(filepath.ToSlash(f.File), " ", "%20")}}
		if f.Line > 0 {
			place.Region = &sarifRegion{f.Line, f.Column}
		}
		results = append(results, sarifResult{
			RuleID: "template-" + f.Severity, Level: f.Severity, Message: sarifMessage{f.Message}, Locations: []sarifLocation{{place}},
		})
	}
	driver := sarifDriver{Name: "hakone", Rules: []sarifRule{{"template-error"}, {"template-warning"}}}
	return sarifLog{
		Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0",
		Runs: []sarifRun{{Tool: sarifTool{driver}, Results: results}},
	}
}
