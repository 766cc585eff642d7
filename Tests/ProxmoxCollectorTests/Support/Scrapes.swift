import CollectorConformance
import Exporting
import Metrics
import Testing
import Web

/// Reads the collector's clusters once.
func scrape(_ collector: any Collector, deadlineSeconds: Double = 30, detail: Detail = .all) async throws -> Trial {
    let http = try HTTPClient()
    defer { http.close() }
    let trial = await Trial(collector, http: http, deadlineSeconds: deadlineSeconds, detail: detail)
    #expect(trial.exposition.faults == [] && trial.duplicateCount == 0 && trial.pending == [] && trial.seconds != nil)
    return trial
}

extension Trial {
    /// All lines of a guest, with its labels shortened: `pve_vm_status node=pve1 name=web 1`.
    func guest(_ vmid: Int) -> [String] {
        exposition.samples.filter { $0.label("vmid") == "\(vmid)" }.map { sample in
            "\(sample.family) node=\(sample.label("node") ?? "") name=\(sample.label("name") ?? "") \(sample.value)"
        }
    }

    /// The families in which a guest has a series.
    func families(ofGuest vmid: Int) -> [String] {
        exposition.families.filter { $0.samples.contains { $0.label("vmid") == "\(vmid)" } }.map(\.name)
    }

    /// The families in which a node has a series of its own.
    func families(ofNode node: String) -> [String] {
        exposition.families.filter { $0.samples.contains { $0.labels.map(\.name) == ["cluster", "node"] && $0.label("node") == node } }.map(
            \.name)
    }

    /// Labels of `pve_guest_info`, but cluster and vmid.
    func info(_ vmid: Int) -> [[String: String]] {
        exposition.samples.filter { $0.family == "pve_guest_info" && $0.label("vmid") == "\(vmid)" }.map { sample in
            Dictionary(sample.labels.filter { !["cluster", "vmid"].contains($0.name) }.map { ($0.name, $0.value) }) { first, _ in first }
        }
    }

    /// `part: reason` of all problems, each once.
    var reasons: [String] { Set(problems.map { "\($0.part): \($0.reason.rawValue)" }).sorted() }

    var families: Set<String> { Set(exposition.families.map(\.name)) }
}
