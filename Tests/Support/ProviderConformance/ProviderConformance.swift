import ProviderRPC
import RPC

/// The contract of `Provider` as a suite: hand it a bed for each check.
///
///     let suite = ProviderConformance { try await SimulatedBed(.upid) }
///     #expect(await suite.violations().isEmpty)
package struct ProviderConformance: Sendable {
    private let make: @Sendable () async throws -> any ProviderBed
    private let limits: Limits

    /// How long things may take, in seconds.
    package struct Limits: Sendable {
        /// A call that does no work itself, on a machine that has other work too.
        package var callSeconds: Double
        /// A task, from its call to its end.
        package var taskSeconds: Double
        /// A guest that is asked to end, also one that has just begun to start.
        package var gracefulSeconds: Int32

        package init(callSeconds: Double = 1, taskSeconds: Double = 30, gracefulSeconds: Int32 = 5) {
            self.callSeconds = callSeconds
            self.taskSeconds = taskSeconds
            self.gracefulSeconds = gracefulSeconds
        }
    }

    /// - Parameter bed: each check gets a new one.
    package init(limits: Limits = Limits(), bed: @escaping @Sendable () async throws -> any ProviderBed) {
        self.limits = limits
        make = bed
    }

    /// Everything in which the provider breaks its contract, as far as the checks look.
    package func violations(_ checks: [Check] = Check.allCases) async -> [Violation] {
        var found: [Violation] = []
        for check in checks {
            do {
                let bed = try await make()
                let trial = Trial(bed: bed, limits: limits)
                do {
                    try await trial.run(check)
                } catch {
                    trial.note("ended before its time: \(error)")
                }
                found += trial.notes.map { Violation(check: check, detail: $0) }
                await bed.close()
            } catch {
                found.append(Violation(check: check, detail: "the bed could not be made: \(error)"))
            }
        }
        return found
    }
}
