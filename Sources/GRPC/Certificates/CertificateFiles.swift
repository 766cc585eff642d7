import Primitives
import Synchronization

/// Files of TLS that are read again when they change. What cannot be used leaves in force what there was.
final class CertificateFiles: Sendable {
    private struct State {
        var material: TLSMaterial
        var stamps: [FileStamp?]
        /// What was wrong at the last look; told when the next look finds it still so, as a pair is exchanged in two steps.
        var doubt: String?
        var told: String?
    }

    private let files: TLSFiles
    private let clock: WallClock
    private let logger: Logger
    private let report: @Sendable (CertificateReport) -> Void
    private let state: Mutex<State>

    /// - Parameter report: called with what is found first, and when that changes.
    ///
    /// Errors name the file and what is wrong with it.
    init(
        _ files: TLSFiles, clock: WallClock = .system, logger: Logger, report: @escaping @Sendable (CertificateReport) -> Void = { _ in }
    ) throws(Failure) {
        (self.files, self.clock, self.logger, self.report) = (files, clock, logger, report)
        let stamps = Self.stamps(files)
        let material = try TLSMaterial(files, now: clock.unixSeconds)
        state = Mutex(State(material: material, stamps: stamps))
        report(CertificateReport(files: files, expires: material.expires, refusal: nil))
    }

    /// What is in force.
    var material: TLSMaterial { state.withLock { $0.material } }

    /// Looks whether the files have changed; blocks on them. Called by one thread.
    ///
    /// - Parameter adopt: takes what is to be in force from now on; false when it cannot.
    func look(_ adopt: (TLSMaterial) -> Bool) {
        let stamps = Self.stamps(files)
        guard state.withLock({ $0.stamps != stamps || $0.doubt != nil }) else { return }
        do throws(Failure) {
            let found = try TLSMaterial(files, now: clock.unixSeconds)
            let isNew = state.withLock { $0.material != found }
            guard !isNew || adopt(found) else {
                throw Failure(.environment, "there is no memory for the certificate in \(files.certificate)")
            }
            let wasTold = state.withLock { state in
                defer { (state.material, state.stamps, state.doubt, state.told) = (found, stamps, nil, nil) }
                return state.told != nil
            }
            guard isNew || wasTold else { return }
            logger.info("new connections show the certificate of \(files.certificate)", ["expires": timestampText(found.expires)])
            report(CertificateReport(files: files, expires: found.expires, refusal: nil))
        } catch {
            refuse(error, stamps)
        }
    }

    private func refuse(_ failure: Failure, _ stamps: [FileStamp?]) {
        let expires: Double? = state.withLock { state in
            defer { (state.stamps, state.doubt) = (stamps, failure.description) }
            guard state.doubt == failure.description, state.told != failure.description else { return nil }
            state.told = failure.description
            return state.material.expires
        }
        guard let expires else { return }
        logger.error("the certificate before it stays in use until \(timestampText(expires)): \(failure)")
        report(CertificateReport(files: files, expires: expires, refusal: failure))
    }

    private static func stamps(_ files: TLSFiles) -> [FileStamp?] {
        [FileStamp(files.certificate), FileStamp(files.key), FileStamp(files.authorities)]
    }
}
