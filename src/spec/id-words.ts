/** The words that ids are made of: short, friendly, easy to say and to type, each once. */

/** First half of an id. */
export const adjectives: readonly string[] =
  `able agile airy amber ample apt azure balmy basic bold brave brief bright brisk calm candid civil clean clear clever
  cobalt cool coral cosmic cozy crisp deft dry eager early easy even fair famous fast fine firm fit fleet fluent
  fond frank free fresh full gentle giant glad golden good grand great green handy happy hardy hearty honest humble
  ideal jade jolly joyful just keen kind large light lilac lime lively long loyal lucid lucky lunar major mellow merry
  mild mint modest neat nimble noble novel olive open patient pearl placid plain polite prime prompt proud pure quick
  quiet rapid regal robust rosy royal ruby rustic safe sage sandy scarlet serene sharp shiny silent silver
  simple sleek smart smooth snowy solar solid sound spry stable steady stellar still sturdy subtle sunny sure swift
  tall teal tender tidy topaz tranquil true trusty upbeat urban valid velvet vivid warm wise witty young zesty`.split(
    /\s+/,
  );

/** Second half of an id. */
export const animals: readonly string[] =
  `adder alpaca antelope auk badger bat bear beaver bee beetle bison boar bobcat buck bunting camel canary caribou
  carp cat chamois cheetah chough civet cobra cod condor coot cougar coyote crab crane cricket crow cuckoo curlew deer
  dingo dipper dolphin dove dragonfly duck dunlin eagle eel egret eider elk emu ermine falcon ferret finch firefly
  fox frog gannet gazelle gecko gibbon giraffe gnu goose grebe grouse gull hamster hare harrier hawk hedgehog heron
  hoopoe hornet horse husky ibex ibis impala jackal jackdaw jaguar jay kestrel kite kiwi koala lapwing lark
  lemming lemur leopard linnet lion llama lobster loon lynx macaw magpie mallard mantis marmot marten merlin mole
  moose moth mouse narwhal newt nightjar ocelot octopus okapi oriole osprey otter owl panda panther parrot pelican
  penguin petrel pigeon pika pike plover pony puffin puma quail quokka rabbit raccoon raven robin rook salmon seal
  shrew shrike skua sloth snipe sparrow squid squirrel starling stoat stork swallow swan swift tapir tern thrush tiger
  toad toucan trout turtle viper vole walrus weasel whale wolf wombat wren yak zebra`.split(/\s+/);
