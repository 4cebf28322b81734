package ovh

// routes is everything that this API offers, by method and path of the schema. What is in the schema and not here is
// answered with a 404 that says so.
func (a *API) routes() map[string]handler {
	return map[string]handler{
		"GET /auth/time": endpoint(a.getTime),
	}
}
