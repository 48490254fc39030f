"""An entry names the import that brought it (decision 0268); tellings are kept of those that tell it too.

Entries of before keep their tellings where they are: an import tells an entry by either.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("merchant", "0014_payer_months")]
    operations = [
        migrations.AddField("entry", "told_by", models.TextField(null=True)),
        migrations.AddField("entry", "line", models.IntegerField(null=True)),
    ]
