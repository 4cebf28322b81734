package arch

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A file is one Go file of this repository.
type file struct {
	name    string // from the top of the repository, with slashes
	syntax  *ast.File
	set     *token.FileSet
	imports []string
}

// folder is the package's path without the module's name: "internal/sms".
func (f file) folder() string { return path.Dir(f.name) }

func (f file) isTest() bool { return strings.HasSuffix(f.name, "_test.go") }

func (f file) lines() int { return f.set.File(f.syntax.FileStart).LineCount() }

// position tells where a node is, in the form that editors understand.
func (f file) position(n ast.Node) string {
	return f.name + ":" + strconv.Itoa(f.set.Position(n.Pos()).Line)
}

// readTree reads all Go files of the main module. It reads the source and not the
// compiler's view of it, so it works in a tree that does not compile at the moment.
func readTree(t *testing.T) []file {
	t.Helper()
	root := os.DirFS(top(t))
	set := token.NewFileSet()
	var files []file
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir():
			return enter(root, name)
		case path.Ext(name) != ".go":
			return nil
		}
		f, err := read(root, set, name)
		files = append(files, f)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// enter says fs.SkipDir for what go build ./... leaves out, too.
func enter(root fs.FS, folder string) error {
	if folder == "." {
		return nil
	}
	base := path.Base(folder)
	if base[0] == '.' || base[0] == '_' || base == "testdata" || base == "node_modules" {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(folder, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

func read(root fs.FS, set *token.FileSet, name string) (file, error) {
	source, err := fs.ReadFile(root, name)
	if err != nil {
		return file{}, err
	}
	syntax, err := parser.ParseFile(set, name, source, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return file{}, err
	}
	f := file{name: name, syntax: syntax, set: set}
	for _, spec := range syntax.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return file{}, err
		}
		f.imports = append(f.imports, imported)
	}
	return f, nil
}

// top finds the folder of the main module's go.mod.
func top(t *testing.T) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		above := filepath.Dir(folder)
		if above == folder {
			t.Fatal("no go.mod above the test")
		}
		folder = above
	}
}
