package import Primitives
import Synchronization

/// How one comes into a service: its doors and its TLS as they are now, kept up to date while the service runs.
///
/// Files that were replaced (a certificate that was renewed, a password that was changed) are noticed within a
/// second or two. What cannot be used leaves everything as it is, and is said once.
package final class Entrance: Sendable {
    /// The settings, and where they come from.
    package struct Reading: Sendable {
        package let settings: DoorSettings
        /// The files that were read for it, beside those that it names.
        package let files: [String]

        package init(_ settings: DoorSettings, files: [String] = []) {
            self.settings = settings
            self.files = files
        }
    }

    /// What is about to be taken, found to be usable.
    package struct Change: Sendable {
        fileprivate let doors: DoorSettings
        fileprivate let identity: TLSIdentity?
        fileprivate let files: [String]
        fileprivate let stamps: [FileStamp?]
    }

    private struct State {
        var doors: Doors
        var identity: TLSIdentity?
        var files: [String]
        var stamps: [FileStamp?]
        var nextLook = ContinuousClock.now
        /// The files looked like this when they could not be used, once: they may be in the middle of being replaced.
        var suspect: [FileStamp?] = []
        /// And so when that was said.
        var refused: [FileStamp?] = []
        /// The identity that a connection began with, by the connection's number.
        var ofConnection: [UInt: TLSIdentity] = [:]
        var isCurrent = true
    }

    private let read: @Sendable () throws(Failure) -> Reading
    private let state: Mutex<State>
    private let logger: Logger

    /// - Parameter read: reads the settings; called again when files have changed.
    package init(logger: Logger, _ read: @escaping @Sendable () throws(Failure) -> Reading) throws(Failure) {
        self.read = read
        self.logger = logger
        let first = try Self.change(read)
        state = Mutex(State(doors: Doors(first.doors), identity: first.identity, files: first.files, stamps: first.stamps))
    }

    /// No doors at all: plain HTTP for whoever reaches the listener.
    package init() {
        read = { () throws(Failure) in Reading(DoorSettings()) }
        logger = .silent
        state = Mutex(State(doors: Doors(DoorSettings()), identity: nil, files: [], stamps: []))
    }

    /// TLS of a simulated service.
    package init(_ certificate: SelfSignedCertificate) throws(Failure) {
        read = { () throws(Failure) in Reading(DoorSettings()) }
        logger = .silent
        state = Mutex(State(doors: Doors(DoorSettings()), identity: try TLSIdentity(certificate), files: [], stamps: []))
    }

    /// Whether there is something to look after.
    package var hasFiles: Bool { state.withLock { !$0.files.isEmpty } }

    package var isSecure: Bool { state.withLock { $0.identity != nil } }

    /// Whether what is in use is what the files say, as far as they have been looked at.
    package var isCurrent: Bool { state.withLock { $0.isCurrent } }

    /// Until when the certificate is valid, in seconds since 1970; nil without TLS.
    package var certificateExpires: Int? { state.withLock { $0.identity }?.expires }

    /// The doors of this moment.
    package var doors: Doors { state.withLock { $0.doors } }

    // MARK: reading again

    /// Reads everything again without using it yet.
    ///
    /// Errors: what cannot be used, or a change that needs a restart.
    package func prepare() throws(Failure) -> Change {
        let change = try Self.change(read)
        guard (change.identity != nil) == isSecure else {
            throw Failure(.configuration, "TLS cannot be switched on or off while martlet runs; restart it")
        }
        // An editor that truncates before it writes would leave the door open for a moment.
        guard doors.settings.users.isEmpty || !change.doors.users.isEmpty else {
            throw Failure(.configuration, "the last user cannot be taken away while martlet runs; restart it to let everybody in")
        }
        guard doors.settings == DoorSettings() || change.doors != DoorSettings() else {
            throw Failure(.configuration, "the web configuration is empty now and was not before; restart martlet to do without one")
        }
        return change
    }

    package func take(_ change: Change) {
        state.withLock { state in
            state.doors = state.doors.replaced(by: change.doors)
            state.identity = change.identity
            state.files = change.files
            state.stamps = change.stamps
            (state.suspect, state.refused) = ([], [])
            state.isCurrent = true
        }
    }

    /// Looks whether files have changed, unless that was done a moment ago, and takes what they say now.
    func refresh(now: ContinuousClock.Instant = .now) {
        let files: [String]? = state.withLock { state in
            guard !state.files.isEmpty, now >= state.nextLook else { return nil }
            state.nextLook = now.advanced(by: .seconds(0.5))
            return state.files
        }
        guard let files else { return }
        let stamps = files.map { FileStamp($0) }
        let isNews = state.withLock { state in
            if state.stamps == stamps {
                // Perhaps the very files that are in use, put back after others were refused.
                (state.suspect, state.refused) = ([], [])
                state.isCurrent = true
            }
            return state.stamps != stamps && state.refused != stamps
        }
        guard isNews else { return }
        do throws(Failure) {
            take(try prepare())
            logger.info("web configuration read again", ["files": files.joined(separator: ", ")])
        } catch {
            let isSure = state.withLock { state in
                defer { state.suspect = stamps }
                guard state.suspect == stamps else { return false }
                state.refused = stamps
                state.isCurrent = false
                return true
            }
            if isSure { logger.warn("web configuration not taken, the old one stays in use", ["reason": error.description]) }
        }
    }

    private static func change(_ read: @Sendable () throws(Failure) -> Reading) throws(Failure) -> Change {
        // Twice if need be: which files there are is known only once the first has been read, and stamps must be older than what is read.
        var files: [String] = []
        for _ in 0..<4 {
            let stamps = files.map { FileStamp($0) }
            let reading = try read()
            let named = reading.files + (reading.settings.tls?.files ?? [])
            guard named == files else {
                files = named
                continue
            }
            var identity: TLSIdentity?
            if let tls = reading.settings.tls { identity = try TLSIdentity(tls) }
            return Change(doors: reading.settings, identity: identity, files: files, stamps: stamps)
        }
        throw Failure(.environment, "the web configuration names other files each time that it is read; it is being written just now")
    }

    // MARK: connections

    /// Makes a session of GnuTLS the current identity's; it stays so until `detach`.
    func attach(to session: UnsafeMutableRawPointer, _ connection: UInt) {
        let identity = state.withLock { state in
            state.ofConnection[connection] = state.identity
            return state.identity
        }
        identity?.attach(to: session)
    }

    func detach(_ connection: UInt) {
        // The last reference may go here, and what it frees is not for the lock.
        let last = state.withLock { $0.ofConnection.removeValue(forKey: connection) }
        _ = consume last
    }

    /// Connections that came in under a judgement of clients that is not the current one, or under none where there is one now.
    var outdatedConnections: [UInt] {
        state.withLock { state in state.ofConnection.keys.filter { Self.isOutdated($0, state) } }
    }

    func isOutdated(_ connection: UInt) -> Bool { state.withLock { Self.isOutdated(connection, $0) } }

    private static func isOutdated(_ connection: UInt, _ state: borrowing State) -> Bool {
        guard let first = state.ofConnection[connection], let now = state.identity, first !== now else { return false }
        return first.judgesClients || now.judgesClients
    }

    func withMaterial<Result>(_ body: (UnsafePointer<CChar>?, UnsafePointer<CChar>?) -> Result) -> Result {
        guard let identity = state.withLock({ $0.identity }) else { return body(nil, nil) }
        return identity.withMaterial(body)
    }
}

extension TLSSettings {
    /// The files that it names.
    fileprivate var files: [String] {
        [certificate, key, clientAuthorities].compactMap { material in
            if case .file(let path)? = material { return path }
            return nil
        }
    }
}
