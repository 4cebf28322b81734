package config

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/toml/v2"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/providers/structs"
	"github.com/knadh/koanf/v2"
)

const prefix = "RAMIER_"

// variable is the name of a setting in the environment.
func variable(setting string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(setting, ".", "_"))
}

// Load reads the settings from the file, if one is named, and from the environment, which wins. When anything is wrong the
// error is a Problems with all of it.
func Load(path string, environment func(string) string) (Config, error) {
	k := koanf.New(".")
	if err := k.Load(structs.Provider(Default(), "koanf"), nil); err != nil {
		return Config{}, err
	}
	c := Default()
	fields := fieldsOf(&c)
	problems, err := readFile(k, path, fields)
	if err != nil {
		return c, err
	}
	fromEnvironment := map[string]bool{}
	if err := k.Load(env.Provider(".", environmentOf(fields, environment, fromEnvironment)), nil); err != nil {
		return c, err
	}
	for _, f := range fields {
		name := f.name
		if fromEnvironment[name] {
			name = variable(name)
		}
		if cure := f.set(k.Get(f.name)); cure != "" {
			problems = append(problems, Problem{Setting: name, Value: fmt.Sprint(k.Get(f.name)), Cure: cure})
		}
	}
	dir := "."
	if path != "" {
		dir = filepath.Dir(path)
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return c, err
	}
	c.settle(dir)
	for _, p := range c.Validate() {
		// What could not be read has its default now, and one problem is enough.
		if !slices.ContainsFunc(problems, func(known Problem) bool { return known.Setting == p.Setting || known.Setting == variable(p.Setting) }) {
			if fromEnvironment[p.Setting] {
				p.Setting = variable(p.Setting)
			}
			problems = append(problems, p)
		}
	}
	if len(problems) > 0 {
		return c, problems
	}
	return c, nil
}

// readFile adds the settings of a file, and finds those that do not exist.
func readFile(k *koanf.Koanf, path string, fields []field) (Problems, error) {
	if path == "" {
		return nil, nil
	}
	inFile := koanf.New(".")
	if err := inFile.Load(file.Provider(path), toml.Parser()); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no file %s: ramier init makes one, --config names another", path)
		}
		return nil, fmt.Errorf("%s cannot be read: %w", path, err)
	}
	var problems Problems
	for _, name := range inFile.Keys() {
		if section, ok := inFile.Get(name).(map[string]any); ok && len(section) == 0 && isSection(name, fields) {
			continue
		}
		if !slices.ContainsFunc(fields, func(f field) bool { return f.name == name }) {
			problems = append(problems, Problem{Setting: name, Value: fmt.Sprint(inFile.Get(name)), Cure: unknown(name, fields)})
		}
	}
	for _, f := range fields {
		if inFile.Exists(f.name) {
			if err := k.Set(f.name, inFile.Get(f.name)); err != nil {
				return nil, err
			}
		}
	}
	return problems, nil
}

// isSection tells whether settings begin with the name, like [http].
func isSection(name string, fields []field) bool {
	return slices.ContainsFunc(fields, func(f field) bool { return strings.HasPrefix(f.name, name+".") })
}

// environmentOf gives the variables that are ours and set.
func environmentOf(fields []field, environment func(string) string, found map[string]bool) env.Opt {
	var set []string
	names := map[string]string{}
	for _, f := range fields {
		name := variable(f.name)
		if value := environment(name); value != "" {
			set, found[f.name], names[name] = append(set, name+"="+value), true, f.name
		}
	}
	return env.Opt{
		Prefix:        prefix,
		EnvironFunc:   func() []string { return set },
		TransformFunc: func(name, value string) (string, any) { return names[name], value },
	}
}

// unknown helps with a setting that does not exist: by the one that was most likely meant.
func unknown(name string, fields []field) string {
	best, least := "", 4
	for _, f := range fields {
		if d := distance(name, f.name); d < least {
			best, least = f.name, d
		}
	}
	if best != "" {
		return "there is no such setting: did you mean " + best + "?"
	}
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.name
	}
	return "there is no such setting; there are " + strings.Join(names, ", ")
}

// distance is how many letters must be added, removed or changed to get from one word to another.
func distance(from, to string) int {
	row := make([]int, len(to)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(from) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(to) {
			change := diagonal
			if from[i] != to[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(to)]
}
