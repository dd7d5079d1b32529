package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// unusedFlags are those shared flags that mean nothing to a command.
var unusedFlags = map[string][]string{
	"backup":    {"account", "region", "control", "output"},
	"restore":   {"account", "region", "control", "output"},
	"worker":    {"account", "region", "control", "output"},
	"doctor":    {"account", "region"},
	"ssh":       {"output"},
	"simulate":  {"control", "data-dir"},
	"transform": {"account", "control", "data-dir"}, // its output is JSON
	"validate":  {"control", "data-dir"},
}

// deploymentFlags are those flags of up that are about what is deployed.
var deploymentFlags = []string{"config-env", "parameter-overrides", "placeholder", "stack-name"}

// sharedFlags are those of every command.
var sharedFlags = []string{"account", "control", "data-dir", "output", "region"}

// neededFlags leads from flags to those without which they mean nothing.
var neededFlags = map[string]string{
	"acme-directory": "acme", "acme-host": "acme",
	"log-size": "log-file", "log-keep": "log-file",
}

// refuseUnused refuses flags that mean nothing to the command, or nothing
// without another.
func refuseUnused(command string, flags *pflag.FlagSet) error {
	for _, needed := range slices.Compact(slices.Sorted(maps.Values(neededFlags))) {
		if f := flags.Lookup(needed); f == nil || f.Value.String() != "" {
			continue
		}
		if err := refuse(flags, "needs --"+needed, func(f *pflag.Flag) bool { return neededFlags[f.Name] == needed }); err != nil {
			return err
		}
	}
	return refuse(flags, command+" has no use for it", func(f *pflag.Flag) bool {
		return slices.Contains(unusedFlags[command], f.Name) && f.Value.String() != f.DefValue
	})
}

// refuseBeside refuses what was given to up for a server of its own, which it
// does not start beside another.
func (p *program) refuseBeside(flags *pflag.FlagSet) error {
	return refuse(flags, "a server already runs for "+p.dataDir+", with the flags that it was started with: stop it first, or leave this out", func(f *pflag.Flag) bool {
		if f.Name == "watch" {
			return f.Value.String() == "true" // it only deploys
		}
		return !slices.Contains(deploymentFlags, f.Name) && !slices.Contains(sharedFlags, f.Name)
	})
}

// refuseDeployment refuses what was given to up for a deployment that there is
// not.
func refuseDeployment(flags *pflag.FlagSet) error {
	return refuse(flags, "nothing is deployed without a PATH", func(f *pflag.Flag) bool {
		return slices.Contains(deploymentFlags, f.Name) || f.Name == "watch" && f.Value.String() == "true"
	})
}

// refuse names the given flags that count, and why they are refused.
func refuse(flags *pflag.FlagSet, why string, counts func(*pflag.Flag) bool) error {
	var given []string
	flags.Visit(func(f *pflag.Flag) {
		if counts(f) {
			given = append(given, "--"+f.Name)
		}
	})
	if given == nil {
		return nil
	}
	return usagef("%s: %s", strings.Join(given, ", "), why)
}

// named counts the flags of these names.
func named(names ...string) func(*pflag.Flag) bool {
	return func(f *pflag.Flag) bool { return slices.Contains(names, f.Name) }
}
