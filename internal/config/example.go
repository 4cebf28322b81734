package config

import (
	"bytes"
	_ "embed"
	"strconv"
	"strings"
	"text/template"
)

//go:embed example.toml
var exampleText string

var example = template.Must(template.New("example.toml").Funcs(template.FuncMap{
	"text": strconv.Quote,
	"list": func(texts []string) string {
		quoted := make([]string, len(texts))
		for i, t := range texts {
			quoted[i] = strconv.Quote(t)
		}
		return "[" + strings.Join(quoted, ", ") + "]"
	},
}).Parse(exampleText))

// Example writes a file with all settings and what they mean. Those that differ from their defaults are set, the others
// commented out.
func Example(c Config) []byte {
	var b bytes.Buffer
	if err := example.Execute(&b, c); err != nil {
		panic(err) // the template is part of the program, and takes any Config
	}
	return b.Bytes()
}
