package config

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// A field is one setting: its name, like "http.listen", and its place in a Config.
type field struct {
	name string
	at   reflect.Value
}

// fieldsOf lists the settings of a Config in their order.
func fieldsOf(c *Config) []field {
	var all []field
	var walk func(before string, v reflect.Value)
	walk = func(before string, v reflect.Value) {
		for i := range v.NumField() {
			name := before + v.Type().Field(i).Tag.Get("koanf")
			if at := v.Field(i); at.Kind() == reflect.Struct {
				walk(name+".", at)
			} else {
				all = append(all, field{name, at})
			}
		}
	}
	walk("", reflect.ValueOf(c).Elem())
	return all
}

var durationType = reflect.TypeFor[time.Duration]()

// set takes a value from the file or the environment, and gives the cure when it does not fit.
func (f field) set(value any) (cure string) {
	text := strings.TrimSpace(fmt.Sprint(value))
	switch {
	case f.at.Type() == durationType:
		if d, err := time.ParseDuration(text); err == nil {
			f.at.SetInt(int64(d))
			return ""
		}
		return `give a time with its unit, like "30s" or "5m"`
	case f.at.Kind() == reflect.Bool:
		if b, err := strconv.ParseBool(text); err == nil {
			f.at.SetBool(b)
			return ""
		}
		return "give true or false"
	case f.at.CanInt():
		if n, err := strconv.ParseInt(text, 10, f.at.Type().Bits()); err == nil {
			f.at.SetInt(n)
			return ""
		}
		return "give a whole number"
	case f.at.Kind() == reflect.Slice:
		return f.setList(value)
	}
	s, ok := value.(string)
	if !ok {
		return "give a text in quotation marks"
	}
	f.at.SetString(s)
	return ""
}

// setList takes a list, which the environment has as texts between commas.
func (f field) setList(value any) (cure string) {
	var list []string
	switch v := value.(type) {
	case []string:
		list = append(list, v...)
	case []any:
		for _, element := range v {
			text, ok := element.(string)
			if !ok {
				return `give a list of texts, like ["a", "b"]`
			}
			list = append(list, text)
		}
	case string:
		for text := range strings.SplitSeq(v, ",") {
			if text = strings.TrimSpace(text); text != "" {
				list = append(list, text)
			}
		}
	case nil:
	default:
		return `give a list of texts, like ["a", "b"]`
	}
	f.at.Set(reflect.ValueOf(list))
	return ""
}
