package ovh

import (
	"slices"
	"strings"

	"ramier/internal/ovh/schema"
)

type object = map[string]any

// openAPI describes what is offered as an OpenAPI 3.1 document.
func (s *server) openAPI(url string) object {
	d := &openAPI{schema: s.schema}
	paths := object{}
	var types []string
	for _, op := range s.schema.Operations {
		if s.routes[op.String()] == nil {
			continue
		}
		item, _ := paths[op.Path].(object)
		if item == nil {
			item = object{}
			paths[op.Path] = item
		}
		item[strings.ToLower(op.HTTPMethod)] = d.operation(op)
		types = append(types, op.ResponseType)
		for _, p := range op.Parameters {
			types = append(types, p.DataType)
		}
	}
	return object{
		"openapi": "3.1.0",
		"info": object{
			"title": "Ramier", "version": "1.0",
			"description": "SMS as the OVHcloud API offers them. Calls are signed as OVH describes it: " +
				"$1$ and the SHA-1 of the application secret, consumer key, method, URL, body and timestamp, joined by +.",
		},
		"servers": []any{object{"url": url}},
		"paths":   paths,
		"components": object{
			"schemas":         d.models(types),
			"securitySchemes": securitySchemes,
			"responses":       object{"Error": errorResponse},
		},
		"security": []any{
			object{"application": []any{}, "consumer": []any{}, "timestamp": []any{}, "signature": []any{}},
			object{"bearer": []any{}},
		},
	}
}

type openAPI struct{ schema *schema.Schema }

func header(name, about string) object {
	return object{"type": "apiKey", "in": "header", "name": name, "description": about}
}

var securitySchemes = object{
	"application": header("X-Ovh-Application", "Application key"),
	"consumer":    header("X-Ovh-Consumer", "Consumer key"),
	"timestamp":   header("X-Ovh-Timestamp", "Seconds since 1970, by the clock of GET /auth/time"),
	"signature":   header("X-Ovh-Signature", "Signature of the call"),
	"bearer":      object{"type": "http", "scheme": "bearer", "description": "Token of a service account"},
}

var errorResponse = object{
	"description": "The call was refused; class tells the kind, message the cause",
	"headers": object{"X-Ovh-QueryId": object{
		"description": "Identifies the request in logs and support questions", "schema": object{"type": "string"},
	}},
	"content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Error"}}},
}

var errorSchema = object{
	"type": "object", "description": "An error", "required": []any{"class", "httpCode", "message"},
	"properties": object{
		"class":     object{"type": "string", "examples": []any{"Client::BadRequest"}},
		"errorCode": object{"type": "string", "examples": []any{"INVALID_SIGNATURE"}},
		"httpCode":  object{"type": "string", "examples": []any{"400 Bad Request"}},
		"message":   object{"type": "string"},
		"details":   object{"type": "object", "additionalProperties": object{"type": "string"}},
	},
}

func (d *openAPI) operation(op *schema.Operation) object {
	out := object{
		"operationId": operationID(op),
		"summary":     op.Description,
		"tags":        []any{op.Group},
		"responses": object{
			"200":     object{"description": "Done", "content": content(d.typ(op.ResponseType))},
			"default": object{"$ref": "#/components/responses/Error"},
		},
	}
	if op.NoAuthentication {
		out["security"] = []any{}
	}
	if op.Extension {
		out["x-extension"] = true
	}
	var parameters []any
	body, required := object{}, []any{}
	for _, p := range op.Parameters {
		switch {
		case p.ParamType != "body":
			parameters = append(parameters, d.parameter(p))
		case p.Name == "":
			out["requestBody"] = object{"required": true, "description": p.Description, "content": content(d.typ(p.DataType))}
		default:
			body[p.Name] = described(d.typ(p.DataType), p.Description, p.Default, p.Deprecated)
			if p.Required {
				required = append(required, p.Name)
			}
		}
	}
	if parameters != nil {
		out["parameters"] = parameters
	}
	if len(body) > 0 {
		in := object{"type": "object", "properties": body, "additionalProperties": false}
		if len(required) > 0 {
			in["required"] = required
		}
		out["requestBody"] = object{"required": len(required) > 0, "content": content(in)}
	}
	return out
}

// operationID is unique and stable: "post-sms-serviceName-jobs".
func operationID(op *schema.Operation) string {
	return strings.ToLower(op.HTTPMethod) + strings.NewReplacer("/", "-", "{", "", "}", "").Replace(op.Path)
}

func content(in object) object { return object{"application/json": object{"schema": in}} }

func (d *openAPI) parameter(p *schema.Parameter) object {
	out := object{
		"name": p.Name, "in": p.ParamType, "required": p.Required, "description": p.Description,
	}
	if t, err := d.schema.Type(p.DataType); err == nil && (t.Kind == schema.Map || t.Kind == schema.Object) {
		out["content"] = content(d.typ(p.DataType)) // JSON within the query
	} else {
		out["schema"] = d.typ(p.DataType)
	}
	return out
}

// described adds what belongs to a use of a type.
func described(in object, about string, value any, deprecated bool) object {
	out := object{"description": about}
	for name, v := range in {
		out[name] = v
	}
	if value != nil {
		out["default"] = value
	}
	if deprecated {
		out["deprecated"] = true
	}
	return out
}

// formats are the plain types in JSON Schema's words.
var formats = map[string]object{
	"long":     {"type": "integer", "format": "int64"},
	"double":   {"type": "number", "format": "double"},
	"boolean":  {"type": "boolean"},
	"datetime": {"type": "string", "format": "date-time"},
	"date":     {"type": "string", "format": "date"},
	"duration": {"type": "string", "format": "duration"},
	"uuid":     {"type": "string", "format": "uuid"},
	"password": {"type": "string", "format": "password"},
}

func (d *openAPI) typ(expr string) object {
	t, err := d.schema.Type(expr)
	if err != nil {
		panic(err) // checked when the schema was loaded
	}
	switch t.Kind {
	case schema.List:
		return object{"type": "array", "items": d.typ(t.Elem.Name)}
	case schema.Map:
		return object{"type": "object", "additionalProperties": d.typ(t.Elem.Name)}
	case schema.Void:
		return object{"type": "null"}
	case schema.Enum, schema.Object:
		if strings.Contains(expr, "<") {
			return d.model(t.Model)
		}
		return object{"$ref": "#/components/schemas/" + expr}
	}
	if f := formats[expr]; f != nil {
		return f
	}
	return object{"type": "string"}
}

// models describes all models that the types lead to.
func (d *openAPI) models(types []string) object {
	out := object{"Error": errorSchema}
	for name, m := range d.schema.Models(types...) {
		if m.Generics == nil {
			out[name] = d.model(m)
		}
	}
	return out
}

func (d *openAPI) model(m *schema.Model) object {
	if m.Enum != nil {
		return enum(m)
	}
	properties, required := object{}, []any{}
	for _, name := range m.Names() {
		p := m.Properties[name]
		in := described(d.typ(p.Type), p.Description, nil, p.Deprecated)
		if p.CanBeNull {
			in = nullableSchema(in)
		}
		if p.ReadOnly {
			in["readOnly"] = true
		}
		if p.WriteOnly {
			in["writeOnly"] = true
		}
		properties[name] = in
		if p.Required {
			required = append(required, name)
		}
	}
	out := object{"type": "object", "description": m.Description, "properties": properties}
	if len(required) > 0 {
		out["required"] = required
	}
	return out
}

func enum(m *schema.Model) object {
	values := make([]any, len(m.Enum))
	for i, value := range m.Enum {
		values[i] = value
		if m.EnumType == "long" {
			values[i], _ = parseLong(value)
		}
	}
	typ := map[string]string{"string": "string", "long": "integer"}[m.EnumType]
	return object{"type": typ, "description": m.Description, "enum": values}
}

// orNull lets a property be null as well.
func nullableSchema(in object) object {
	if t, ok := in["type"].(string); ok && in["enum"] == nil {
		in["type"] = []any{t, "null"}
		return in
	}
	out := object{"oneOf": []any{object{"$ref": in["$ref"]}, object{"type": "null"}}}
	for name, v := range in {
		if !slices.Contains([]string{"$ref", "type", "enum"}, name) {
			out[name] = v
		}
	}
	return out
}
