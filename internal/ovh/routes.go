package ovh

import "maps"

// routes is everything that this API offers, by method and path of the schema. What is in the schema and not here is
// answered with a 404 that says so.
func (a *API) routes() map[string]handler {
	all := map[string]handler{
		"GET /auth/time":              endpoint(a.getTime),
		"GET /auth/currentCredential": endpoint(a.getCurrentCredential),
		"GET /auth/details":           endpoint(a.getDetails),
		"POST /auth/logout":           endpoint(a.logout),

		"GET /sms":                    endpoint(a.listServices),
		"POST /sms/estimate":          endpoint(a.estimate),
		"GET /sms/ptts":               endpoint(a.getPTT),
		"GET /sms/rates/destinations": endpoint(a.getDestinationRates),
		"GET /sms/rates/packs":        endpoint(a.getPacks),
		"GET /sms/{serviceName}":      endpoint(a.getService),
		"PUT /sms/{serviceName}":      endpoint(a.putService),

		"GET /sms/{serviceName}/jobs":         endpoint(a.listJobs),
		"POST /sms/{serviceName}/jobs":        endpoint(a.createJob),
		"GET /sms/{serviceName}/jobs/{id}":    endpoint(a.getJob),
		"DELETE /sms/{serviceName}/jobs/{id}": endpoint(a.deleteJob),

		"GET /sms/{serviceName}/outgoing":            endpoint(a.listOutgoing),
		"GET /sms/{serviceName}/outgoing/{id}":       endpoint(a.getOutgoing),
		"DELETE /sms/{serviceName}/outgoing/{id}":    endpoint(a.deleteOutgoing),
		"GET /sms/{serviceName}/outgoing/{id}/trail": endpoint(a.getTrail),

		"GET /sms/{serviceName}/incoming":         endpoint(a.listIncoming),
		"GET /sms/{serviceName}/incoming/{id}":    endpoint(a.getIncoming),
		"DELETE /sms/{serviceName}/incoming/{id}": endpoint(a.deleteIncoming),

		"GET /sms/{serviceName}/blacklists":             endpoint(a.listBlacklists),
		"GET /sms/{serviceName}/blacklists/{number}":    endpoint(a.getBlacklist),
		"DELETE /sms/{serviceName}/blacklists/{number}": endpoint(a.deleteBlacklist),

		"GET /sms/{serviceName}/optOuts":  endpoint(a.listOptOuts),
		"POST /sms/{serviceName}/optOuts": endpoint(a.addOptOuts),

		"GET /sms/{serviceName}/senders":             endpoint(a.listSenders),
		"POST /sms/{serviceName}/senders":            endpoint(a.createSender),
		"GET /sms/{serviceName}/senders/{sender}":    endpoint(a.getSender),
		"PUT /sms/{serviceName}/senders/{sender}":    endpoint(a.putSender),
		"DELETE /sms/{serviceName}/senders/{sender}": endpoint(a.deleteSender),
	}
	maps.Copy(all, a.surfaceRoutes())
	maps.Copy(all, a.operatorRoutes())
	return all
}
