package arch

import (
	"go/ast"
	"slices"
	"testing"
)

func TestSizes(t *testing.T) {
	for _, f := range readTree(t) {
		if ast.IsGenerated(f.syntax) {
			continue
		}
		if n := f.lines(); n > maxFileLines {
			t.Errorf("%s has %d lines, more than %d: which noun in it deserves a file of its own?", f.name, n, maxFileLines)
		}
		for _, declaration := range f.syntax.Decls {
			fn, ok := declaration.(*ast.FuncDecl)
			if !ok || fn.Body == nil {
				continue
			}
			n := f.set.Position(fn.Body.Rbrace).Line - f.set.Position(fn.Body.Lbrace).Line - 1
			if n > maxFuncLines {
				t.Errorf("%s: %s has %d lines, more than %d", f.position(fn), fn.Name.Name, n, maxFuncLines)
			}
		}
	}
}

func TestTheDomainHasNoWireFormats(t *testing.T) {
	for _, f := range readTree(t) {
		if f.isTest() || !slices.Contains(tagless, f.folder()) {
			continue
		}
		for node := range ast.Preorder(f.syntax) {
			if field, ok := node.(*ast.Field); ok && field.Tag != nil {
				t.Errorf("%s: a tag %s; wire formats live in the package that speaks them", f.position(field), field.Tag.Value)
			}
		}
	}
}
