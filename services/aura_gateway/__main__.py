"""Starts the gateway: `python -P -m aura_gateway`."""

from __future__ import annotations

import sys
from pathlib import Path

from aura_shared.collecting import without_collection

with without_collection():
    from aura_gateway.audit import AuditTrail
    from aura_gateway.service import GatewayService
    from aura_shared.injection import containers, providers
    from aura_shared.paths import AuraPaths
    from aura_shared.service import Runtime, run


def audit_file(paths: AuraPaths) -> Path:
    """Where the audit trail lies."""
    return paths.data / "audit.db"


class GatewayContainer(containers.DeclarativeContainer):
    """What the process is made of."""

    runtime: providers.Dependency[Runtime] = providers.Dependency(instance_of=Runtime)
    audit = providers.Singleton(AuditTrail, providers.Callable(audit_file, runtime.provided.paths))
    service = providers.Singleton(
        GatewayService,
        bus=runtime.provided.bus,
        paths=runtime.provided.paths,
        settings=runtime.provided.settings.gateway,
        metrics=runtime.provided.metrics,
        audit=audit,
    )


def build(runtime: Runtime) -> GatewayService:
    """The service of this process."""
    return GatewayContainer(runtime=runtime).service()


if __name__ == "__main__":
    sys.exit(run("gateway", build))
