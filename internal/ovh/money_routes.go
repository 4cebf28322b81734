package ovh

// moneyRoutes is what concerns credits: transfers, SMS users with their quotas, guards, orders.
func (a *API) moneyRoutes() map[string]handler {
	return map[string]handler{
		"POST /sms/{serviceName}/transferCredits": endpoint(a.transferCredits),

		"GET /sms/{serviceName}/users":            endpoint(a.listUsers),
		"POST /sms/{serviceName}/users":           endpoint(a.createUser),
		"GET /sms/{serviceName}/users/{login}":    endpoint(a.getUser),
		"PUT /sms/{serviceName}/users/{login}":    endpoint(a.putUser),
		"DELETE /sms/{serviceName}/users/{login}": endpoint(a.deleteUser),

		"GET /sms/{serviceName}/users/{login}/jobs":         endpoint(a.listUserJobs),
		"POST /sms/{serviceName}/users/{login}/jobs":        endpoint(a.createUserJob),
		"GET /sms/{serviceName}/users/{login}/jobs/{id}":    endpoint(a.getUserJob),
		"DELETE /sms/{serviceName}/users/{login}/jobs/{id}": endpoint(a.deleteUserJob),

		"GET /sms/{serviceName}/users/{login}/outgoing":         endpoint(a.listUserOutgoing),
		"GET /sms/{serviceName}/users/{login}/outgoing/{id}":    endpoint(a.getUserOutgoing),
		"DELETE /sms/{serviceName}/users/{login}/outgoing/{id}": endpoint(a.deleteUserOutgoing),

		"GET /sms/{serviceName}/users/{login}/incoming":         endpoint(a.listUserIncoming),
		"GET /sms/{serviceName}/users/{login}/incoming/{id}":    endpoint(a.getUserIncoming),
		"DELETE /sms/{serviceName}/users/{login}/incoming/{id}": endpoint(a.deleteUserIncoming),
	}
}
