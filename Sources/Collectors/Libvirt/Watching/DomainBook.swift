import Primitives

/// What is known of the domains of a hypervisor, each part with its age.
struct DomainBook: Sendable {
    typealias Instant = ContinuousClock.Instant

    private struct Entry: Sendable {
        var basics: DomainBasics
        var definition: DomainDefinition?
        var snapshots: SnapshotSummary?
        /// When both were read, or could not be, and of which instance.
        var definedAt: Instant?
        var definedID: Int?
        /// How often in a row they could not be.
        var definitionFailures = 0
        /// The statistics have other devices than before.
        var isDefinitionOld = false
        var statistics: DomainStatistics?
        var details: DomainDetails?
        var toldAt: Instant?
        var toldUnixSeconds: Double?
    }

    private var entries: [String: Entry] = [:]
    private(set) var listedAt: Instant?

    /// More domains than a hypervisor has; the rest is left out, and said to be.
    static let limit = 10_000

    // MARK: what is told

    /// Takes a list of all domains; who is not in it is forgotten. Of several with one UUID the first counts.
    ///
    /// - Returns: those of which another instance runs than before, or none.
    @discardableResult
    mutating func list(_ domains: [DomainBasics], now: Instant) -> Set<String> {
        var listed: [String: Entry] = [:]
        for basics in domains.prefix(Self.limit) where listed[basics.uuid] == nil {
            var entry = entries[basics.uuid] ?? Entry(basics: basics)
            // What an earlier instance told is not true of this one.
            if entry.basics.id != basics.id {
                (entry.statistics, entry.details, entry.toldAt, entry.toldUnixSeconds) = (nil, nil, nil, nil)
            }
            entry.basics = basics
            listed[basics.uuid] = entry
        }
        let changed = entries.filter { $0.value.basics.id != listed[$0.key]?.basics.id }.keys
        entries = listed
        listedAt = now
        return Set(changed)
    }

    /// Takes what a domain's QEMU told.
    ///
    /// - Parameter id: of the instance that was asked.
    mutating func take(_ statistics: DomainStatistics, of uuid: String, id: Int?, now: Instant, unixSeconds: Double) {
        guard var entry = entries[uuid], entry.basics.id == id, !statistics.isPartial else { return }
        // Another disk, or another image of one, is another definition.
        if let earlier = entry.statistics, earlier.devices != statistics.devices { entry.isDefinitionOld = true }
        (entry.statistics, entry.toldAt, entry.toldUnixSeconds) = (statistics, now, unixSeconds)
        entries[uuid] = entry
    }

    mutating func take(_ details: DomainDetails, of uuid: String, id: Int?) {
        guard entries[uuid]?.basics.id == id else { return }
        entries[uuid]?.details = details
    }

    /// Takes what is defined of a domain; what could not be read stays as it was.
    ///
    /// - Parameter isWhole: whether there is nothing more to be had.
    mutating func take(
        _ definition: DomainDefinition?, _ snapshots: SnapshotSummary?, of uuid: String, id: Int?, isWhole: Bool, now: Instant
    ) {
        guard var entry = entries[uuid] else { return }
        entry.definitionFailures = isWhole ? 0 : min(entry.definitionFailures + 1, 16)
        if let definition { entry.definition = definition }
        if let snapshots { entry.snapshots = snapshots }
        (entry.definedAt, entry.definedID, entry.isDefinitionOld) = (now, id, false)
        entries[uuid] = entry
    }

    // MARK: what is to be asked

    /// The instance of a domain; nil for one that is not active, or not known.
    func id(of uuid: String) -> Int? { entries[uuid]?.basics.id }

    func name(of uuid: String) -> String? { entries[uuid]?.basics.name }

    /// Those whose QEMUs may be asked.
    var active: [String] { entries.values.filter(\.basics.isActive).map(\.basics.uuid).sorted() }

    /// What libvirt says of their monitors, of those that it says it of.
    var controls: [String: DomainControl] { entries.compactMapValues(\.basics.control) }

    /// Those whose definition is to be read.
    ///
    /// - Parameters:
    ///   - intervalSeconds: when it is read again where nothing tells that it has changed.
    ///   - retrySeconds: when it is read again where it could not be; twice as long each time.
    func undefined(now: Instant, intervalSeconds: Double, retrySeconds: Double) -> [String] {
        entries.values.filter { entry in
            guard let definedAt = entry.definedAt, entry.definedID == entry.basics.id, !entry.isDefinitionOld else { return true }
            let retry = retrySeconds * Double(1 << max(0, entry.definitionFailures - 1))
            return (now - definedAt).seconds >= (entry.definitionFailures > 0 ? min(retry, intervalSeconds) : intervalSeconds)
        }.map(\.basics.uuid).sorted()
    }

    /// How many have a definition or snapshots that could not be read last time.
    var unread: Int { entries.values.count { $0.definitionFailures > 0 } }

    /// Disks of a domain by what its statistics, or else its definition, say.
    func disks(of uuid: String) -> [String] {
        guard let entry = entries[uuid] else { return [] }
        let told = entry.statistics?.blocks.map(\.name) ?? []
        return told.isEmpty ? entry.definition?.disks.map(\.target) ?? [] : told
    }

    // MARK: what is shown

    /// By name. None when the list is too old.
    ///
    /// - Parameter maximumAgeSeconds: how old what is shown may be.
    func records(now: Instant, maximumAgeSeconds: Double, _ suspects: SuspectBook) -> [DomainRecord] {
        guard let listedAt, (now - listedAt).seconds <= maximumAgeSeconds else { return [] }
        return entries.values.map { entry in
            var record = DomainRecord(basics: entry.basics)
            (record.definition, record.snapshots, record.toldUnixSeconds) = (entry.definition, entry.snapshots, entry.toldUnixSeconds)
            if let toldAt = entry.toldAt, (now - toldAt).seconds <= maximumAgeSeconds {
                (record.statistics, record.details) = (entry.statistics, entry.details)
            }
            record.suspect = suspects[entry.basics.uuid].map { .init(call: $0.call, sinceUnixSeconds: $0.sinceUnixSeconds) }
            return record
        }.sorted { ($0.basics.name, $0.basics.uuid) < ($1.basics.name, $1.basics.uuid) }
    }
}
