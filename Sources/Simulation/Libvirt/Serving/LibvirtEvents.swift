/// What is told to those who have asked for events, as domains do something else than before.
struct LibvirtEvents {
    /// A message of one kind about one domain.
    struct Event {
        /// virDomainEventID
        let kind: Int32
        /// Under which it is sent.
        let procedure: Int32
        let domain: DomainPlan
        /// What follows the number of the callback.
        let payload: [UInt8]
    }

    private static let lifecycle: Int32 = 0
    private static let inputOutputError: Int32 = 4
    private static let inputOutputErrorReason: Int32 = 6

    private var lives: [KVMWorld.Life] = []

    /// What has happened since the last question; nothing at the first one.
    mutating func news(_ answers: LibvirtAnswers) -> [Event] {
        let now = answers.plan.domains.map { answers.world.life(of: $0, at: answers.moment) }
        defer { lives = now }
        guard lives.count == now.count else { return [] }
        var events: [Event] = []
        for domain in answers.plan.domains where lives[domain.index] != now[domain.index] {
            events += Self.events(domain, from: lives[domain.index], to: now[domain.index], answers)
        }
        return events
    }

    /// virDomainEventType and what it has as detail: started (2), suspended (3), resumed (4), stopped (5).
    private static func events(
        _ domain: DomainPlan, from old: KVMWorld.Life, to new: KVMWorld.Life, _ answers: LibvirtAnswers
    ) -> [Event] {
        switch (old, new) {
        case (_, .off(let reason)):
            // Crashed is "failed" here: the monitor was closed without a farewell.
            return [lifecycle(domain, 5, detail: reason == .crashed ? 5 : 0, answers)]
        case (.off, _): return [lifecycle(domain, 2, detail: 0, answers)]
        case (_, .paused(let reason, _, _)):
            let isError = reason == .inputOutputError
            return (isError ? troubles(domain, answers) : []) + [lifecycle(domain, 3, detail: isError ? 2 : 0, answers)]
        case (.paused, _): return [lifecycle(domain, 4, detail: 0, answers)]
        case (.running, .running):
            // It was started anew between two looks.
            return [lifecycle(domain, 5, detail: 5, answers), lifecycle(domain, 2, detail: 0, answers)]
        }
    }

    private static func lifecycle(_ domain: DomainPlan, _ event: Int32, detail: Int32, _ answers: LibvirtAnswers) -> Event {
        var writer = XDRWriter()
        answers.write(domain, &writer)
        writer.integer(event)
        writer.integer(detail)
        return Event(kind: lifecycle, procedure: 318, domain: domain, payload: writer.bytes)
    }

    /// Twice, with and without a reason: libvirt has both.
    private static func troubles(_ domain: DomainPlan, _ answers: LibvirtAnswers) -> [Event] {
        guard let disk = domain.disks.first else { return [] }
        var writer = XDRWriter()
        answers.write(domain, &writer)
        writer.string(disk.source?.path ?? "")
        writer.string("virtio-disk0")
        // VIR_DOMAIN_EVENT_IO_ERROR_PAUSE
        writer.integer(Int32(1))
        let plain = Event(kind: inputOutputError, procedure: 322, domain: domain, payload: writer.bytes)
        writer.string("enospc")
        return [plain, Event(kind: inputOutputErrorReason, procedure: 324, domain: domain, payload: writer.bytes)]
    }
}

extension LibvirtClient {
    /// Sends what it has asked to be told.
    mutating func tell(_ event: LibvirtEvents.Event) {
        for (number, callback) in callbacks where callback.event == event.kind {
            guard callback.domain == nil || callback.domain == event.domain.uuid else { continue }
            var writer = XDRWriter()
            writer.integer(number)
            writer.append(event.payload)
            send(LibvirtHeader(procedure: event.procedure, kind: .message).message(writer.bytes))
        }
    }
}
