# Routers that run beside their twins: parameters of router.sv that differ from its defaults. For `make lockstep`, since
# each takes its time to build: also those with one slow stage, and ROUTER_DRAWS further ones, which are drawn, the first
# with ROUTER_SEED. Of adaptive policies on a torus networks refuse most, as they can deadlock: a router alone cannot.
option(ROUTER_ALL_SHAPES "all routers of the lockstep, not only those of the tests" OFF)
set(ROUTER_DRAWS 2 CACHE STRING "routers of random parameters for the lockstep")
set(ROUTER_SEED 1 CACHE STRING "seed of their parameters")

set(router_shapes
    "speculative SPECULATIVE=1 ITERATIONS=3"
    "west_first PORTS=6 DEPTH=3 SPECULATIVE=1 VC_ALLOCATOR=1 SWITCH_ALLOCATOR=1 ROUTING=1"
    "output_first CLASSES=1 VCS_PER_CLASS=3 DEPTH=8 VC_ALLOCATOR=2 SWITCH_ALLOCATOR=2"
    "odd_even CLASSES=1 VCS_PER_CLASS=2 MESH_WIDTH=5 MESH_HEIGHT=4 SPECULATIVE=1 ITERATIONS=2 ROUTING=2"
    "torus CLASSES=1 VCS_PER_CLASS=4 MESH_HEIGHT=4 VC_ALLOCATOR=1 ITERATIONS=2 TORUS=1 PARTITIONS=2"
    "short_torus PORTS=6 CLASSES=2 VCS_PER_CLASS=2 MESH_WIDTH=3 SWITCH_ALLOCATOR=2 ITERATIONS=4 TORUS=1"
    "two_tiles PORTS=8 CONCENTRATION=2 CLASSES=1 SPECULATIVE=1 SWITCH_ALLOCATOR=1 ITERATIONS=2"
    "three_tiles PORTS=8 CONCENTRATION=3 CLASSES=1 MESH_HEIGHT=4 VC_ALLOCATOR=2 TORUS=1 PARTITIONS=2"
    "stages_of_2 SPECULATIVE=1 ITERATIONS=2 ROUTING=2 ROUTING_CYCLES=2 VC_CYCLES=2 SWITCH_ALLOCATION_CYCLES=2 \
SWITCH_CYCLES=2"
    "tail_credit SPECULATIVE=1 VC_ALLOCATOR=2 ITERATIONS=2 ROUTING=1 WAIT_FOR_TAIL_CREDIT=1"
    "input_speedup CLASSES=1 VCS_PER_CLASS=4 DEPTH=5 ITERATIONS=2 INPUT_SPEEDUP=2"
    "stages_of_3 CLASSES=1 VCS_PER_CLASS=4 TORUS=1 PARTITIONS=2 SPECULATIVE=1 ROUTING_CYCLES=3 VC_CYCLES=3 \
SWITCH_ALLOCATION_CYCLES=3 SWITCH_CYCLES=3"
    "output_speedup PORTS=6 CLASSES=1 VCS_PER_CLASS=3 ITERATIONS=2 OUTPUT_SPEEDUP=2"
    "crossing_queues DEPTH=3 SPECULATIVE=1 ROUTING=1 VC_CYCLES=2 SWITCH_ALLOCATION_CYCLES=2 SWITCH_ALLOCATOR=1 \
SWITCH_CYCLES=3 INPUT_SPEEDUP=2 OUTPUT_SPEEDUP=3"
    "odd_even_torus PORTS=6 CLASSES=1 VCS_PER_CLASS=2 MESH_WIDTH=3 SPECULATIVE=1 SWITCH_ALLOCATOR=2 TORUS=1 ROUTING=2")
if(ROUTER_ALL_SHAPES)
  list(APPEND router_shapes
       "routing_stage CLASSES=1 ROUTING_CYCLES=2 VC_ALLOCATOR=1"
       "vc_stage PORTS=6 CLASSES=1 ROUTING=1 VC_CYCLES=2"
       "switch_stage CLASSES=1 VCS_PER_CLASS=3 SWITCH_ALLOCATOR=1 SWITCH_ALLOCATION_CYCLES=2"
       "crossing CLASSES=1 SWITCH_CYCLES=2 SWITCH_ALLOCATOR=2"
       "no_crossing CLASSES=1 SPECULATIVE=1 ROUTING_CYCLES=1 SWITCH_CYCLES=0"
       "tail_credit_stages CLASSES=1 VCS_PER_CLASS=3 WAIT_FOR_TAIL_CREDIT=1 INPUT_SPEEDUP=2 SWITCH_ALLOCATOR=1 VC_CYCLES=2 \
SWITCH_ALLOCATION_CYCLES=2 SWITCH_CYCLES=2"
       "all_channels_cross CLASSES=2 VCS_PER_CLASS=2 SPECULATIVE=1 SWITCH_ALLOCATOR=2 SWITCH_CYCLES=0 \
WAIT_FOR_TAIL_CREDIT=1 INPUT_SPEEDUP=4"
       "all_inputs_cross CLASSES=1 VCS_PER_CLASS=2 DEPTH=1 SPECULATIVE=1 SWITCH_ALLOCATOR=2 SWITCH_CYCLES=0 \
INPUT_SPEEDUP=2 OUTPUT_SPEEDUP=8"
       "odd_even_dateline CLASSES=1 VCS_PER_CLASS=4 MESH_WIDTH=3 VC_ALLOCATOR=1 TORUS=1 PARTITIONS=2 ROUTING=2"
       "west_first_ring CLASSES=1 VCS_PER_CLASS=4 MESH_WIDTH=3 MESH_HEIGHT=1 TORUS=1 PARTITIONS=2 ROUTING=1"
       "west_first_torus CLASSES=1 VCS_PER_CLASS=2 MESH_HEIGHT=4 SPECULATIVE=1 ITERATIONS=2 TORUS=1 ROUTING=1")
endif()

# Adds a shape to router_shapes.
function(draw_router name seed)
  set(shape ${name})
  string(RANDOM LENGTH 1 RANDOM_SEED ${seed} first)
  foreach(choices
          "PORTS=5|PORTS=6|PORTS=7 CONCENTRATION=2"
          "CLASSES=1 VCS_PER_CLASS=2|CLASSES=1 VCS_PER_CLASS=4|CLASSES=2 VCS_PER_CLASS=2"
          "DEPTH=1|DEPTH=2|DEPTH=5" "MESH_WIDTH=3|MESH_WIDTH=4|MESH_WIDTH=5" "MESH_HEIGHT=3|MESH_HEIGHT=4"
          "SPECULATIVE=0|SPECULATIVE=1|VC_CYCLES=2|SPECULATIVE=1 VC_CYCLES=2 SWITCH_ALLOCATION_CYCLES=2"
          "ROUTING_CYCLES=0|ROUTING_CYCLES=1|ROUTING_CYCLES=2" "SWITCH_CYCLES=0|SWITCH_CYCLES=1|SWITCH_CYCLES=3"
          "VC_ALLOCATOR=0|VC_ALLOCATOR=1|VC_ALLOCATOR=2" "SWITCH_ALLOCATOR=0|SWITCH_ALLOCATOR=1|SWITCH_ALLOCATOR=2"
          "WAIT_FOR_TAIL_CREDIT=0|WAIT_FOR_TAIL_CREDIT=1" "INPUT_SPEEDUP=1|INPUT_SPEEDUP=2"
          "ITERATIONS=1|ITERATIONS=2|ITERATIONS=3" "ROUTING=0|ROUTING=1|ROUTING=2|TORUS=1 PARTITIONS=2"
          "OUTPUT_SPEEDUP=1|OUTPUT_SPEEDUP=2|OUTPUT_SPEEDUP=3")
    string(REPLACE "|" ";" choices "${choices}")
    list(LENGTH choices count)
    string(RANDOM LENGTH 4 ALPHABET 0123456789 number)
    math(EXPR at "1${number} % ${count}")
    list(GET choices ${at} choice)
    string(APPEND shape " ${choice}")
  endforeach()
  set(router_shapes ${router_shapes} "${shape}" PARENT_SCOPE)
endfunction()

if(ROUTER_ALL_SHAPES AND ROUTER_DRAWS GREATER 0)
  foreach(number RANGE 1 ${ROUTER_DRAWS})
    math(EXPR seed "${ROUTER_SEED} + ${number} - 1")
    draw_router(drawn_${seed} ${seed})
  endforeach()
endif()

# For router_lockstep.cpp: calls X(model, "name PARAMETER=value ...") for each; the first has the defaults.
set(includes "#include \"Rtl_router.h\"\n")
set(calls "X(Rtl_router, \"islip\")")
foreach(shape ${router_shapes})
  string(REGEX MATCH "^[^ ]+" name "${shape}")
  string(APPEND includes "#include \"Rtl_router_${name}.h\"\n")
  string(APPEND calls " \\\n  X(Rtl_router_${name}, \"${shape}\")")
endforeach()
file(CONFIGURE OUTPUT router_shapes.h CONTENT "${includes}#define ROUTER_SHAPES(X) \\\n  ${calls}\n" @ONLY)
