package simulator

import "fmt"

// Mistake is what is wrong with what somebody asked for.
type Mistake struct {
	Field string
	Value any
	Cure  string
}

func (e *Mistake) Error() string {
	if e.Value == nil {
		return fmt.Sprintf("%s is missing: %s", e.Field, e.Cure)
	}
	if s, ok := e.Value.(string); ok {
		return fmt.Sprintf("%s is %q: %s", e.Field, s, e.Cure)
	}
	return fmt.Sprintf("%s is %v: %s", e.Field, e.Value, e.Cure)
}
