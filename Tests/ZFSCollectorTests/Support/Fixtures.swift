import CollectorConformance
import Exporting
import Glibc
import Metrics
import Primitives
import Testing
import Web

@testable import ZFSCollector

/// The trees and answers in the folder Fixtures.
enum Fixtures {
    static let folder = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures"

    static func zpool(_ name: String) throws -> [UInt8] { try Files.read("\(folder)/zpool/\(name)") }

    /// Writes a program that stands in for `zpool`.
    ///
    /// - Parameter script: lines of a shell; `$@` is what it is asked.
    static func program(_ script: String, in place: TemporaryFolder) throws -> String {
        try place.write("zpool", "#!/bin/sh\n\(script)\n")
        let path = place.path + "/zpool"
        try #require(chmod(path, 0o755) == 0)
        return path
    }

    /// One that answers with files of the folder.
    static func program(list: String = "list.txt", status: String, json: Bool, in place: TemporaryFolder) throws -> String {
        let refusal = json ? "" : "status\\ -j*) echo \"invalid option 'j'\" >&2; echo usage: >&2; exit 2;;"
        return try program(
            """
            case "$*" in
            list*) cat '\(folder)/zpool/\(list)';;
            \(refusal)
            status*) cat '\(folder)/zpool/\(status)';;
            *) exit 3;;
            esac
            """, in: place)
    }

    /// What is known after that program was asked once.
    static func reports(_ path: String) async -> PoolReports {
        let reports = PoolReports()
        await reports.refresh(path)
        return reports
    }
}

/// Reads a tree once.
func scrape(_ collector: ZFSCollector, root: String, detail: Detail = .all, deadlineSeconds: Double = 30) async throws -> Trial {
    let http = try HTTPClient()
    defer { http.close() }
    let trial = await Trial(collector, http: http, fileSystemRoot: root, deadlineSeconds: deadlineSeconds, detail: detail)
    #expect(trial.exposition.faults == [] && trial.duplicateCount == 0 && trial.pending == [] && trial.seconds != nil)
    return trial
}

extension Trial {
    /// The value of a series, named as the exposition has it.
    func value(_ series: String) -> Double? { exposition.samples.first { $0.series == series }?.value }

    var families: Set<String> { Set(exposition.families.map(\.name)) }

    /// `part: reason` of all problems, each once.
    var reasons: [String] { Set(problems.map { "\($0.part): \($0.reason.rawValue)" }).sorted() }
}
