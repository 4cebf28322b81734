// Package schema holds the description of the API, one document per group in the layout of OVH's own schema documents,
// and reads it. Everything else is made from it: routes, checks, Go types, the documents that are served.
package schema

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

//go:embed *.json
var files embed.FS

// Groups are the documents, in the order in which they are shown.
var Groups = []string{"sms", "order", "auth", "me", "operator"}

// A Document describes one group of operations. Each model is written down in one document only; Schema.Served adds
// those that a document refers to.
type Document struct {
	APIVersion   string            `json:"apiVersion"`
	BasePath     string            `json:"basePath"`
	ResourcePath string            `json:"resourcePath"`
	APIs         []*API            `json:"apis"`
	Models       map[string]*Model `json:"models"`
}

// An API is a path with its operations.
type API struct {
	Path        string       `json:"path"`
	Description string       `json:"description"`
	Operations  []*Operation `json:"operations"`
}

// An Operation is a method on a path.
type Operation struct {
	HTTPMethod       string       `json:"httpMethod"`
	Description      string       `json:"description"`
	APIStatus        Status       `json:"apiStatus"`
	NoAuthentication bool         `json:"noAuthentication"`
	Extension        bool         `json:"extension,omitempty"` // ours, not OVH's
	Parameters       []*Parameter `json:"parameters"`
	ResponseType     string       `json:"responseType"`
	IAMActions       []IAMAction  `json:"iamActions,omitempty"`

	Path  string `json:"-"`
	Group string `json:"-"`
}

// String gives "POST /sms/{serviceName}/jobs", the key of the operation in the table of routes.
func (o *Operation) String() string { return o.HTTPMethod + " " + o.Path }

// Body gives the type of the parameter that is the whole body, empty when there is none.
func (o *Operation) Body() string {
	for _, p := range o.Parameters {
		if p.Name == "" {
			return p.DataType
		}
	}
	return ""
}

// A Status tells how settled an operation is.
type Status struct {
	Value       string `json:"value"`
	Description string `json:"description"`
}

// An IAMAction is the right that a service account needs.
type IAMAction struct {
	Name     string `json:"name"`
	Required bool   `json:"required"`
}

// A Parameter of an operation; one without a name is the whole body.
type Parameter struct {
	Name        string `json:"name,omitempty"`
	DataType    string `json:"dataType"`
	ParamType   string `json:"paramType"` // path, query, body or header
	FullType    string `json:"fullType"`
	Required    bool   `json:"required"`
	Description string `json:"description"`
	Default     any    `json:"default,omitempty"`
	Deprecated  bool   `json:"deprecated,omitempty"`
	Extension   bool   `json:"extension,omitempty"`
}

// A Model is an object with properties, or an enum.
type Model struct {
	ID          string               `json:"id"`
	Namespace   string               `json:"namespace"`
	Description string               `json:"description"`
	Extension   bool                 `json:"extension,omitempty"`
	Generics    []string             `json:"generics,omitempty"`
	Properties  map[string]*Property `json:"properties,omitempty"`
	Enum        []string             `json:"enum,omitempty"`
	EnumType    string               `json:"enumType,omitempty"`
}

// A Property of a model.
type Property struct {
	Type        string   `json:"type"`
	FullType    string   `json:"fullType"`
	CanBeNull   bool     `json:"canBeNull"`
	ReadOnly    bool     `json:"readOnly"`
	WriteOnly   bool     `json:"writeOnly,omitempty"` // taken, never answered
	Required    bool     `json:"required"`
	Description string   `json:"description"`
	Deprecated  bool     `json:"deprecated,omitempty"`
	Extension   bool     `json:"extension,omitempty"`
	Aliases     []string `json:"aliases,omitempty"` // other spellings that clients are known to send
}

// Writable tells whether a request may set the property. A model that consists of read-only properties and yet is
// asked for in a request means all of them.
func (m *Model) Writable(name string) bool {
	if !m.Properties[name].ReadOnly {
		return true
	}
	for _, p := range m.Properties {
		if !p.ReadOnly {
			return false
		}
	}
	return true
}

// Names gives the properties in alphabetical order.
func (m *Model) Names() []string {
	names := make([]string, 0, len(m.Properties))
	for name := range m.Properties {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Schema is all documents together.
type Schema struct {
	Documents  []*Document
	Operations []*Operation // in the order of the documents
	models     map[string]*Model
	byKey      map[string]*Operation
}

// Load reads the documents of this package.
func Load() (*Schema, error) {
	var docs []*Document
	for _, group := range Groups {
		data, err := files.ReadFile(group + ".json")
		if err != nil {
			return nil, err
		}
		doc, err := Parse(data)
		if err != nil {
			return nil, fmt.Errorf("%s.json: %w", group, err)
		}
		docs = append(docs, doc)
	}
	return New(docs...)
}

// Parse reads one document and refuses properties it does not know.
func Parse(data []byte) (*Document, error) {
	doc := new(Document)
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(doc)
	return doc, err
}

// New joins documents, and refuses types that nobody describes.
func New(docs ...*Document) (*Schema, error) {
	s := &Schema{Documents: docs, models: map[string]*Model{}, byKey: map[string]*Operation{}}
	for _, doc := range docs {
		for name, m := range doc.Models {
			if s.models[name] != nil {
				return nil, fmt.Errorf("model %s is described twice", name)
			}
			s.models[name] = m
		}
		for _, api := range doc.APIs {
			for _, op := range api.Operations {
				op.Path, op.Group = api.Path, strings.TrimPrefix(doc.ResourcePath, "/")
				if s.byKey[op.String()] != nil {
					return nil, fmt.Errorf("%s is described twice", op)
				}
				s.byKey[op.String()] = op
				s.Operations = append(s.Operations, op)
			}
		}
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return s, nil
}

// Operation finds one by "METHOD /path", nil when there is none.
func (s *Schema) Operation(key string) *Operation { return s.byKey[key] }

// ModelNames gives all models in alphabetical order.
func (s *Schema) ModelNames() []string {
	names := make([]string, 0, len(s.models))
	for name := range s.models {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s *Schema) check() error {
	for _, op := range s.Operations {
		for _, p := range op.Parameters {
			if _, err := s.Type(p.DataType); err != nil {
				return fmt.Errorf("%s, parameter %s: %w", op, p.Name, err)
			}
			if p.ParamType == "path" && !strings.Contains(op.Path, "{"+p.Name+"}") {
				return fmt.Errorf("%s: {%s} is not in the path", op, p.Name)
			}
		}
		if _, err := s.Type(op.ResponseType); err != nil {
			return fmt.Errorf("%s, answer: %w", op, err)
		}
	}
	for name, m := range s.models {
		if m.Generics != nil {
			continue // checked where an argument is given
		}
		for prop, p := range m.Properties {
			if _, err := s.Type(p.Type); err != nil {
				return fmt.Errorf("%s.%s: %w", name, prop, err)
			}
		}
	}
	return nil
}
