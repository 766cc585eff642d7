/// What befalls the servers of models that work on a card, as the card feels it.
extension GPUWorld {
    /// A server with a queue keeps its card busy, one that stands still lets it cool.
    func serving(on card: CardPlan) -> [CardLoad.Overlay] {
        var names: [String] = []
        for process in card.processes {
            let tenant = plan.tenants[process.tenant]
            guard LLMPlan.isServer(tenant) else { continue }
            names += [tenant.name] + (LLMPlan.model(of: process, tenant).map { [$0] } ?? [])
        }
        // In instances, each server has only its part.
        guard !names.isEmpty, card.instances.isEmpty else { return [] }
        return LLMPlan.troubles(of: names, in: world.timeline).compactMap { trouble in
            switch trouble.scenario {
            case .queueBacklog: CardLoad.Overlay(span: trouble.span, power: 0.93, work: 0.97)
            case .kvSaturation: CardLoad.Overlay(span: trouble.span, power: 0.85, work: 0.95)
            case .stalled: CardLoad.Overlay(span: trouble.span, power: 0.02, work: 0)
            default: nil
            }
        }
    }
}
