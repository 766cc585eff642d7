import LibvirtShim
import Synchronization

/// Something that happened to a domain.
package struct DomainEvent: Sendable, Equatable {
    /// `virDomainEventID`, those that we listen to.
    package enum Kind: Int32, Sendable, CaseIterable {
        case lifecycle = 0
        case reboot = 1
        case ioError = 6
        case blockJob = 16
        case agentLifecycle = 18
    }

    /// `virDomainEventType`.
    package enum Lifecycle: Int, Sendable, CaseIterable {
        case defined, undefined, started, suspended, resumed, stopped, shutdown, suspendedByGuest, crashed
    }

    package let kind: Kind
    package let uuid: String
    package let name: String
    /// Of a lifecycle `virDomainEventType`; of a block job its type; of the agent its state (1 connected, 2 disconnected); of an I/O error the action.
    package let number: Int
    /// What belongs to the number: a reason; of a block job its status (0 done, 1 failed, 2 cancelled, 3 ready).
    package let detail: Int
    /// Of a block job the disk's target, of an I/O error the device's alias.
    package let subject: String?
    /// Of an I/O error: `enospc`.
    package let reason: String?

    /// nil for other kinds, and for a number that is younger than this list.
    package var lifecycle: Lifecycle? { kind == .lifecycle ? Lifecycle(rawValue: number) : nil }
}

extension LibvirtConnection {
    private final class Listener: Sendable {
        let heard: @Sendable (DomainEvent) -> Void
        init(_ heard: @escaping @Sendable (DomainEvent) -> Void) { self.heard = heard }
    }

    /// Whether somebody listens on it already.
    package var isListening: Bool { listeners.withLock { !$0.isEmpty } }

    /// Listens to events of all domains as long as the connection lives.
    ///
    /// - Parameter heard: called on the thread of events, which others wait for: it must not block, nor call libvirt.
    package func listen(to kind: DomainEvent.Kind, _ heard: @escaping @Sendable (DomainEvent) -> Void) throws(LibvirtError) {
        let listener = Unmanaged.passRetained(Listener(heard))
        let number = mlt_virt_listen(
            library.doors, handle, kind.rawValue,
            { context, event in
                guard let context, let event = event?.pointee, let kind = DomainEvent.Kind(rawValue: event.kind) else { return }
                let uuid = withUnsafeBytes(of: event.uuid) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
                Unmanaged<Listener>.fromOpaque(context).takeUnretainedValue().heard(
                    DomainEvent(
                        kind: kind, uuid: uuid, name: event.name.map { String(cString: $0) } ?? "", number: Int(event.event),
                        detail: Int(event.detail), subject: event.subject.map { String(cString: $0) },
                        reason: event.reason.map { String(cString: $0) }))
            }, listener.toOpaque(), { $0.map { Unmanaged<Listener>.fromOpaque($0).release() } })
        guard number >= 0 else {
            let error = LibvirtError.last(library)
            listener.release()
            throw error
        }
        listeners.withLock { $0.append(number) }
    }
}
