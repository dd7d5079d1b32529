package cloudformation

import (
	"maps"
	"slices"

	"github.com/hakonegate/hakone/internal/awserr"
	"github.com/hakonegate/hakone/internal/stack"
	"github.com/hakonegate/hakone/internal/store"
)

// ListExports returns all exports, by name.
func (s *Service) ListExports() []Export {
	var out []Export
	for _, e := range s.exports.All() {
		out = append(out, e)
	}
	return out
}

// ListImports returns the names of the stacks that import an export.
func (s *Service) ListImports(exportName string) ([]string, error) {
	importers := s.importers(exportName, "")
	if len(importers) == 0 {
		return nil, awserr.Validation("Export '%s' is not imported by any stack.", exportName)
	}
	return importers, nil
}

// importers returns the stacks that use an export, but for the one with the given id.
func (s *Service) importers(exportName, but string) []string {
	var names []string
	for id, k := range s.stacks.All() {
		if id == but || k.Status == stack.DeleteComplete {
			continue
		}
		imports := k.Imports
		if k.Pending != nil {
			imports = slices.Concat(imports, k.Pending.Imports)
		}
		if slices.Contains(imports, exportName) {
			names = append(names, k.StackName)
		}
	}
	slices.Sort(names)
	return names
}

// exportsOf returns the exports among outputs, by name.
func exportsOf(outputs []Output) map[string]string {
	m := map[string]string{}
	for _, o := range outputs {
		if o.ExportName != "" {
			m[o.ExportName] = o.Value
		}
	}
	return m
}

// checkExports refuses outputs that take another stack's export name, and changes
// of exports that are in use.
func (s *Service) checkExports(k *Stack, outputs []Output) error {
	seen := map[string]bool{}
	for _, o := range outputs {
		if o.ExportName == "" {
			continue
		}
		e, ok := s.exports.Get(o.ExportName)
		if ok && e.ExportingStackID != k.StackID || seen[o.ExportName] {
			owner, _ := s.stacks.Get(e.ExportingStackID)
			if seen[o.ExportName] {
				owner = *k
			}
			return awserr.Validation("Export with name %s is already exported by stack %s", o.ExportName, owner.StackName)
		}
		seen[o.ExportName] = true
	}
	now := exportsOf(outputs)
	before := exportsOf(k.Outputs)
	for _, name := range slices.Sorted(maps.Keys(before)) {
		value, ok := now[name]
		if ok && value == before[name] {
			continue
		}
		if importers := s.importers(name, k.StackID); len(importers) > 0 {
			verb := "updated"
			if !ok {
				verb = "deleted"
			}
			return awserr.Validation("Export %s cannot be %s as it is in use by %s", name, verb, importers[0])
		}
	}
	return nil
}

// swapExports replaces the exports of a stack by those among outputs.
func (s *Service) swapExports(tx *store.Tx, k *Stack, outputs []Output) error {
	exports := s.exports.In(tx)
	now := exportsOf(outputs)
	for name := range exportsOf(k.Outputs) {
		e, ok := exports.Get(name)
		if _, stays := now[name]; stays || !ok || e.ExportingStackID != k.StackID {
			continue
		}
		if err := exports.Delete(name); err != nil {
			return err
		}
	}
	for name, value := range now {
		if e, ok := exports.Get(name); ok && e.ExportingStackID != k.StackID {
			return awserr.Validation("Export with name %s is already exported by another stack", name)
		}
		if err := exports.Put(name, Export{Name: name, Value: value, ExportingStackID: k.StackID}); err != nil {
			return err
		}
	}
	return nil
}
