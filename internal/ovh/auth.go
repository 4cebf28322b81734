package ovh

import "context"

// getTime answers the clock that signatures are checked against; clients take their offset from it.
func (a *API) getTime(context.Context, *Call, getAuthTimeIn) (int64, error) {
	return a.now().Unix(), nil
}
