package ovh

import "context"

func (a *API) audit(ctx context.Context, _ *Call, _ getOperatorAuditIn) (operatorAudit, error) {
	r, err := a.store.Audit(ctx)
	out := operatorAudit{Services: r.Services, Jobs: r.Jobs, Messages: r.Messages, Entries: r.Entries, Findings: []operatorAuditFinding{}}
	for _, f := range r.Findings {
		out.Findings = append(out.Findings, operatorAuditFinding{Object: f.Object, ServiceName: f.Service, Text: f.Text})
	}
	return out, err
}
