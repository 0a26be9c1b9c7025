"""Merged calls -> graph: what depends on the input or a state becomes nodes, the rest bindings."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from elman.ir import Source, Type
from elman.ir.graph import Kind
from elman.trace import refusals
from elman.trace.context import Context, Operand
from elman.trace.merge import MergedTape, TensorSpec, has_rows, refs_in
from elman.trace.tape import Call, Ref

NOWHERE = Source("", 0)


@dataclass(frozen=True)
class Lowered:
    """One row of the table of functions.

    Args:
        lower: Takes the context and the arguments of the torch function, and returns the values it gives.
        is_exact: Whether its nodes compute the bits that torch computes.
        makes_new: Whether its result may lack the rows of its operands, as that of `new_zeros`.
    """

    lower: Callable[..., Any]
    is_exact: bool
    makes_new: bool


class Lowering:
    """Walks the calls and builds the graph.

    Args:
        tape: The merged calls.
        dtype: What the numbers of the cell are.
        names: Number of a tensor -> name of the parameter or buffer.
    """

    def __init__(self, tape: MergedTape, dtype: torch.dtype, names: Mapping[int, str]):
        self.context = Context(dtype)
        self.bound: list[int] = []
        self.parameter_calls: list[Call] = []
        self._tape = tape
        self._names = names
        self._values: dict[int, int | None] = {}
        self._depends: set[int] = set()
        self._transposed_matrices: dict[int, Ref] = {}

    def add_argument(self, number: int, name: str, kind: Kind) -> None:
        """Declare an input, state or step input."""
        spec = self._tape.specs[number]
        self._values[number] = self.context.builder.add_argument(name, kind, self._type(spec, name))
        self._depends.add(number)

    def run(self, table: dict[str, Lowered]) -> None:
        """Lower every call.

        Args:
            table: Bare name of a torch function -> how it is lowered.

        Raises:
            Refusal: A call cannot be lowered.
        """
        for call in self._tape.calls:
            try:
                self._call(call, table)
            except refusals.Refusal as refusal:
                refusal.source = refusal.source or call.source
                raise

    def value_of(self, ref: Ref, name: str) -> int:
        """Return the value of a tensor; one that depends on parameters alone becomes an argument."""
        if ref.number not in self._values:
            self._values[ref.number] = self._add_parameter(ref, name)
        value = self._values[ref.number]
        if value is None:
            raise refusals.other_dtype(name, self._tape.specs[ref.number].dtype)
        return value

    def _add_parameter(self, ref: Ref, name: str) -> int:
        whole = self._transposed_matrices.get(ref.number)
        if whole:  # x @ weight.T reads the weight itself, as linear does
            return self.context.transpose(self.value_of(whole, name), (1, 0))
        label = self._names.get(ref.number, f"derived.{len(self.bound)}")
        number, spec = self._at_precision(ref)
        self.bound.append(number)
        return self.context.builder.add_argument(label, "parameter", self._type(spec, name))

    def _at_precision(self, ref: Ref) -> tuple[int, TensorSpec]:
        """Convert what torch takes at the precision of its partner: integers, and single numbers."""
        spec, dtype = self.spec_of(ref), self.context.dtype
        is_weak = spec.shape == () or not spec.dtype.is_floating_point
        if spec.dtype in (torch.bool, dtype) or not is_weak:
            return ref.number, spec
        number = -1 - len(self.bound)
        conversion = Call("to", torch.Tensor.to, (ref, dtype), {}, Ref(number), NOWHERE, with_gradient=True)
        self.parameter_calls.append(conversion)
        return number, replace(spec, dtype=dtype)

    def _add_parameter_call(self, call: Call) -> None:
        self.parameter_calls.append(call)
        if call.name in ("T", "t", "mT") and len(self.spec_of(call.result).shape) == 2:
            self._transposed_matrices[call.result.number] = call.args[0]

    def spec_of(self, ref: Ref) -> TensorSpec:
        """Return what a tensor is."""
        return self._tape.specs[ref.number]

    def _call(self, call: Call, table: dict[str, Lowered]) -> None:
        refs = refs_in((call.args, call.kwargs))
        results = refs_in(call.result)
        self.context.results = [self.spec_of(ref) for ref in results]
        depends = any(ref.number in self._depends for ref in refs)
        grows = has_rows((call.args, call.kwargs)) or any(
            spec.row is not None for spec in self.context.results
        )
        if not depends and not grows:
            self._add_parameter_call(call)
            return
        self.context.builder.source = call.source
        self._check(call, table, [self.spec_of(ref) for ref in refs])
        values = self._lower(call, table[call.name])
        self._depends |= {ref.number for ref in results}
        for ref, value in zip(results, values, strict=True):
            self._values.setdefault(ref.number, self._checked(call, self.spec_of(ref), value))

    def _check(self, call: Call, table: dict[str, Lowered], operands: Sequence[TensorSpec]) -> None:
        if not call.with_gradient:
            raise refusals.Refusal(
                f"calls `{call.name}` where gradients are off, as under torch.no_grad.",
                "Use .detach() for a value that passes no gradient",
            )
        has_operand_rows = any(spec.row is not None for spec in operands)
        loses_rows = has_operand_rows and any(spec.row is None for spec in self.context.results)
        if call.name not in table:
            raise refusals.mixes_rows(call.name) if loses_rows else refusals.unknown_function(call.name)
        if loses_rows and not table[call.name].makes_new:
            raise refusals.mixes_rows(call.name)

    def _lower(self, call: Call, function: Lowered) -> Sequence[int | None]:
        args, kwargs = (self._operands(part, call.name) for part in (call.args, call.kwargs))
        has_moved = any(spec.row for spec in self.context.results)
        self.context.is_exact = self.context.is_exact and function.is_exact and not has_moved
        try:
            inspect.signature(function.lower).bind(self.context, *args, **kwargs)
            values = function.lower(self.context, *args, **kwargs)
        except (TypeError, ValueError, IndexError) as fault:  # not a form that the table has
            raise refusals.unknown_function(call.name) from fault
        return values if isinstance(values, list) else [values]

    def _operands(self, value: Any, name: str) -> Any:
        if isinstance(value, Ref):
            return Operand(self.value_of(value, name), self.spec_of(value))
        if isinstance(value, tuple):
            return tuple(self._operands(part, name) for part in value)
        if isinstance(value, dict):
            return {key: self._operands(part, name) for key, part in value.items()}
        return value

    def _checked(self, call: Call, spec: TensorSpec, value: int | None) -> int | None:
        if value is not None and self.context.builder.type_of(value) != self._type(spec, call.name):
            raise refusals.unknown_function(call.name)
        return value

    def _type(self, spec: TensorSpec, name: str) -> Type:
        if spec.dtype not in (torch.bool, self.context.dtype):
            raise refusals.other_dtype(name, spec.dtype)
        dtype = "boolean" if spec.dtype == torch.bool else "real"
        return Type(spec.shape, dtype, per_row=spec.row is not None)
