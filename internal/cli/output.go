package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"unicode"
)

// printJSON writes what machines read.
func printJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printTable writes some properties of objects, one object a line.
func printTable(out io.Writer, objects []object, properties ...string) error {
	if len(objects) == 0 {
		_, err := fmt.Fprintln(out, "(none)")
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for i, name := range properties {
		separate(w, i)
		fmt.Fprint(w, strings.ToUpper(spaced(name)))
	}
	fmt.Fprintln(w)
	for _, o := range objects {
		for i, name := range properties {
			separate(w, i)
			fmt.Fprint(w, shown(o[name]))
		}
		fmt.Fprintln(w)
	}
	return w.Flush()
}

func separate(w io.Writer, column int) {
	if column > 0 {
		fmt.Fprint(w, "\t")
	}
}

// printObject writes all properties of an object, one a line; those named first come first.
func printObject(out io.Writer, o object, first ...string) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(o)), func(name string) bool { return slices.Contains(first, name) })
	for _, name := range append(first[:len(first):len(first)], names...) {
		if value, ok := o[name]; ok {
			fmt.Fprintf(w, "%s\t%s\n", spaced(name), shown(value))
		}
	}
	return w.Flush()
}

// spaced writes "creditsLeft" as "credits left".
func spaced(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 && unicode.IsLower(rune(name[i-1])) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// shown writes a value for people.
func shown(v any) string {
	switch v := v.(type) {
	case nil:
		return "-"
	case bool:
		if v {
			return "yes"
		}
		return "no"
	case string:
		if v == "" {
			return "-"
		}
		return oneLine(v)
	case []any:
		texts := make([]string, len(v))
		for i := range v {
			texts[i] = shown(v[i])
		}
		if len(texts) == 0 {
			return "-"
		}
		return strings.Join(texts, ", ")
	case object:
		var texts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			texts = append(texts, shown(v[name]))
		}
		return strings.Join(texts, " ")
	}
	return fmt.Sprint(v)
}

// oneLine keeps foreign text from writing to the terminal what it likes.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
}
